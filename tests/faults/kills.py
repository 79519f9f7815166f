"""SIGKILL: of each container, of the worker in mid-job, of the queue in mid-write, of the Docker daemon."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial

from tests.faults.harness import Fault, NotInjected, Scene
from tests.load.client import Failure
from tests.support.machine import CommandFailed, Machine, wait_until

SERVICES = ("app", "worker", "redis-queue", "redis-cache", "nginx")
RESTART_SECONDS = 90
# Takes the worker a few seconds to compress.
LARGE_BYTES = 40_000_000


def kill(machine: Machine, service: str) -> None:
    """Kills the init of a container from the host, as a crash would: `docker kill` would not be restarted."""
    machine.sh(f"kill -9 {machine.pid(service)}")


def runs(machine: Machine, service: str) -> bool:
    try:
        return machine.pid(service) > 0
    except CommandFailed:
        return False


@contextmanager
def killed(scene: Scene, service: str) -> Iterator[None]:
    """The service's container dies now, and has come back by itself at the end."""
    machine = scene.machine
    before = machine.pid(service)
    kill(machine, service)
    try:
        yield
        wait_until(lambda: runs(machine, service), RESTART_SECONDS, lambda: f"{service} stays down")
        if machine.pid(service) == before:
            raise NotInjected(f"the process of {service} is still {before}")
    finally:
        machine.sh(f"docker start {machine.container(service)}")


@contextmanager
def worker_in_job(scene: Scene) -> Iterator[None]:
    """The worker dies while it runs a job that takes seconds."""
    large = scene.upload("large.csv", os.urandom(LARGE_BYTES))
    with closing(scene.connection()) as connection:
        job = scene.export(connection, [large.document])
        wait_until(
            lambda: scene.job_status(connection, job) == "running", 120, lambda: f"job {job} does not start"
        )
        with killed(scene, "worker"):
            if (status := scene.job_status(connection, job)) != "running":
                raise NotInjected(f"job {job} was {status} when the worker was killed")
            yield


@contextmanager
def queue_in_write(scene: Scene) -> Iterator[None]:
    """Four clients enqueue jobs as fast as they may while the queue dies."""
    stop = threading.Event()
    document = scene.upload("small.csv", b"a,b\n1,2\n").document
    before = len(scene.ledger.jobs)

    def enqueue() -> None:
        with closing(scene.connection()) as connection:
            while not stop.wait(0.05):
                # Not acknowledged, so not in the ledger: the queue may refuse, it may not forget.
                with suppress(Failure):
                    scene.export(connection, [document])

    threads = [threading.Thread(target=enqueue, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(scene.ledger.jobs) - before >= 20, 60, lambda: "hardly a job is enqueued")
        with killed(scene, "redis-queue"):
            yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(90)


@contextmanager
def docker_daemon(scene: Scene) -> Iterator[None]:
    """dockerd dies; live-restore keeps the containers, systemd starts it again."""
    machine = scene.machine
    before = {service: machine.pid(service) for service in SERVICES}
    daemon = machine.sh("cat /run/docker.pid").strip()
    machine.sh(f"kill -9 {daemon}")
    try:
        yield
        wait_until(
            lambda: bool(machine.sh("docker info --format '{{.ServerVersion}}'", check=False).strip()),
            RESTART_SECONDS,
            lambda: machine.sh("journalctl -u docker -n 20 --no-pager", check=False),
        )
        if machine.sh("cat /run/docker.pid").strip() == daemon:
            raise NotInjected(f"dockerd is still process {daemon}")
        after = {service: machine.pid(service) for service in SERVICES}
        if after != before:
            raise CommandFailed(f"containers did not outlive the daemon: {before} became {after}")
    finally:
        machine.sh("systemctl reset-failed docker; systemctl start docker")


FAULTS = [
    *(
        Fault(f"kill-{name}", f"SIGKILL of container {name}", partial(killed, service=name))
        for name in SERVICES
    ),
    Fault("kill-worker-in-job", "SIGKILL of the worker in mid-job", worker_in_job),
    Fault("kill-queue-in-write", "SIGKILL of the queue's Redis in mid-write", queue_in_write, hold=3),
    Fault("kill-dockerd", "SIGKILL of the Docker daemon (live-restore)", docker_daemon),
]
