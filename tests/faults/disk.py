"""A small disk of its own under the data and the queue: full, and with writes that fail on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.harness import Fault, NotInjected, Scene
from tests.support.machine import COMPOSE_PROJECT, Machine
from tests.support.site import ROOT

# Room for what the load writes, beside what is there already.
SPARE_MB = 700
IMAGE = "/var/lib/docker/fault-disk.img"
DISK = "/mnt/fault-disk"
# While this file is there, nbdkit answers every write with EIO.
TRIGGER = "/run/fault-disk-broken"
QUEUE = f"/var/lib/docker/volumes/{COMPOSE_PROJECT}-redis-queue/_data"


def make_disk(machine: Machine, *, faulty: bool) -> None:
    """An ext4 image, on a loop device directly or behind nbdkit's error filter."""
    machine.sh(
        "command -v nbdkit nbdfuse mkfs.ext4 >/dev/null || "
        "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
        "nbdkit libnbd-bin fuse3 e2fsprogs >/run/fault-disk.log 2>&1"
    )
    # A container's /dev has no such nodes.
    machine.sh(
        "[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237\n"
        "[ -e /dev/fuse ] || mknod /dev/fuse c 10 229\n"
        "free=$(losetup --find | cut -d' ' -f1); [ -e $free ] || mknod $free b 7 ${free#/dev/loop}"
    )
    used = int(machine.sh(f"du -sm {ROOT}/data {QUEUE} | awk '{{ n += $1 }} END {{ print n }}'"))
    machine.sh(
        f"truncate -s {used + SPARE_MB}M {IMAGE}; mkfs.ext4 -q -F -m 0 {IMAGE}; mkdir -p {DISK} {DISK}-nbd"
    )
    backing = IMAGE
    if faulty:
        machine.sh(
            f"nbdkit --unix /run/fault-disk.sock --pidfile /run/fault-disk.pid --filter=error file {IMAGE} "
            f"error=EIO error-pwrite-rate=100% error-pwrite-file={TRIGGER} "
            f"error-zero-rate=100% error-zero-file={TRIGGER}\n"
            f"setsid nbdfuse {DISK}-nbd --unix /run/fault-disk.sock >/run/fault-disk.log 2>&1 </dev/null &\n"
            f"for _ in $(seq 50); do [ -e {DISK}-nbd/nbd ] && exit 0; sleep 0.1; done\n"
            "cat /run/fault-disk.log; exit 1"
        )
        backing = f"{DISK}-nbd/nbd"
    machine.sh(
        f"losetup --find --show {backing} >/run/fault-disk.loop; mount $(cat /run/fault-disk.loop) {DISK}"
    )


def remove_disk(machine: Machine) -> None:
    """Takes away whatever of the disk is there."""
    machine.sh(
        f"""
rm -f {TRIGGER}
if mountpoint -q {DISK}; then umount {DISK}; fi
if [ -e /run/fault-disk.loop ]; then losetup --detach $(cat /run/fault-disk.loop); fi
if mountpoint -q {DISK}-nbd; then umount {DISK}-nbd; fi
if [ -e /run/fault-disk.pid ]; then kill $(cat /run/fault-disk.pid); fi
rm -rf {IMAGE} /run/fault-disk.loop /run/fault-disk.pid /run/fault-disk.sock {DISK} {DISK}-nbd
"""
    )


def bind(machine: Machine) -> None:
    machine.sh(f"mount --bind {DISK}/data {ROOT}/data; mount --bind {DISK}/queue {QUEUE}")


def unbind(machine: Machine) -> None:
    machine.sh(f"for path in {ROOT}/data {QUEUE}; do if mountpoint -q $path; then umount $path; fi; done")


@contextmanager
def stopped(machine: Machine) -> Iterator[None]:
    """The service's containers stand still inside; those that ran before run again afterwards."""
    running = machine.sh(
        f"docker ps --quiet --filter label=com.docker.compose.project={COMPOSE_PROJECT}"
    ).split()
    # Quickly: what a kill leaves is what these tests are about.
    machine.sh(f"docker stop --time 10 {' '.join(running)}")
    try:
        yield
    finally:
        machine.sh(f"docker start {' '.join(running)}")


@contextmanager
def disk(machine: Machine, *, faulty: bool) -> Iterator[None]:
    """Data and queue lie on the small disk inside, and where they were, with all additions, afterwards."""
    with stopped(machine):
        try:
            make_disk(machine, faulty=faulty)
            machine.sh(f"cp -a {ROOT}/data {DISK}/data; cp -a {QUEUE} {DISK}/queue")
            bind(machine)
        except BaseException:
            unbind(machine)
            remove_disk(machine)
            raise
    try:
        yield
    finally:
        with stopped(machine):
            unbind(machine)
            machine.sh(
                f"""
for pair in {ROOT}/data:{DISK}/data {QUEUE}:{DISK}/queue; do
  find "${{pair%%:*}}" -mindepth 1 -delete
  cp -a "${{pair#*:}}/." "${{pair%%:*}}/"
done
"""
            )
            remove_disk(machine)


@contextmanager
def full(scene: Scene) -> Iterator[None]:
    """Not a byte is free."""
    machine = scene.machine
    # Most of it at once, the rest until the disk says no.
    machine.sh(
        f"free=$(df --output=avail -B1M {DISK} | tail -n 1)\n"
        f"fallocate --length $((free - 20))M {DISK}/filler\n"
        f"head -c 40M /dev/zero 2>/dev/null >{DISK}/filler2 && exit 1; sync -f {DISK} || test $? = 1"
    )
    try:
        yield
        if int(machine.sh(f"df --output=avail -B1 {DISK} | tail -n 1")) > 4_000_000:
            raise NotInjected("the disk was not full")
    finally:
        machine.sh(f"rm -f {DISK}/filler {DISK}/filler2")


@contextmanager
def failing(scene: Scene) -> Iterator[None]:
    """Every write to the disk, and so every fsync, fails; then the disk is well again and mounted anew."""
    machine = scene.machine
    machine.sh(f"touch {TRIGGER}")
    try:
        yield
        probe = machine.sh(
            f"dd if=/dev/zero of={DISK}/probe bs=4096 count=1 conv=fsync 2>&1 && echo written", check=False
        )
        if "written" in probe:
            raise NotInjected("the disk still takes writes")
    finally:
        machine.sh(f"rm -f {TRIGGER}")
        with stopped(machine):
            unbind(machine)
            machine.sh(
                f"umount {DISK}\n"
                "e2fsck -y $(cat /run/fault-disk.loop) >/run/fault-disk.log 2>&1 || test $? -le 2\n"
                f"mount $(cat /run/fault-disk.loop) {DISK}; rm -f {DISK}/probe"
            )
            bind(machine)


FAULTS = [
    Fault("disk-full", "not a byte free under data and queue", full, lambda m: disk(m, faulty=False), hold=8),
    Fault(
        "fsync-error", "EIO from every write and fsync under SQLite and Redis", failing,
        lambda m: disk(m, faulty=True), hold=8,
    ),
]  # fmt: skip
