"""A release, step by step; any step may be the last one of a run that is killed."""

from __future__ import annotations

import subprocess
import time
from typing import Any, Callable

from . import data, history, host, smoke
from .build import build
from .engine import Container, Engine
from .failure import ReleaseError
from .host import Live
from .settings import Settings
from .static_files import unpack

# After the switch the old slot takes what is in its queue of connections; then it is told to stop.
SETTLE_S = 1.0
NO_SNAPSHOT = (
    "release {} has no snapshot of the data: no migration came after it. Roll back without restore_data."
)

Say = Callable[[str], None]


class Procedure:
    """Deploys and rolls back on one host. Every step says what it does; failures are ReleaseErrors."""

    def __init__(self, settings: Settings, engine: Engine, say: Say) -> None:
        self._settings = settings
        self._engine = engine
        self._say = say

    def recover(self) -> Live:
        """Tidies up what an interrupted run left and returns what is live. Does nothing after a whole run."""
        containers = self._engine.containers()
        frozen = [container.name for container in containers.values() if container.state == "paused"]
        if frozen:
            self._say(f"an interrupted run left {', '.join(frozen)} frozen: going on")
            self._engine.docker("unpause", *frozen, what="unfreezing the containers")
            containers = self._engine.containers()
        live = host.look(self._settings, containers)
        for link in host.align(self._settings, live):
            self._say(f"{link} follows the live release")
        for service in host.stop_leftovers(self._settings, self._engine, live, containers):
            self._say(f"stopped {service}, which an interrupted run left running")
        return live

    def deploy(self, release: str, note: dict[str, Any], force: bool) -> bool:
        """Makes `release` live; whether anything had to be done."""
        live = self.recover()
        containers = self._engine.containers()
        if live.release == release and not force and _is_up(containers, live):
            changed = self._worker(release, containers)
        else:
            self._prepare(release, live)
            history.write_note(self._settings, release, note)
            self.bring_up(release, live)
            changed = True
        for name in history.prune(self._settings, self._engine, self._live()):
            self._say(f"removed the old release {name}")
            changed = True
        return changed

    def rollback(self, wanted: str | None, restore_data: bool) -> str:
        """Goes back to `wanted`, or to the release before this one; its name."""
        live = self.recover()
        release = wanted or host.previous_release(self._settings)
        known = history.by_age(self._settings)
        available = ", ".join(name for name in reversed(known) if name != live.release) or "none"
        if release is None:
            raise ReleaseError(f"there is no release before {live.release}. Available: {available}")
        if release not in known:
            raise ReleaseError(f"there is no release {release} on this host. Available: {available}")
        if release == live.release:
            raise ReleaseError(f"{release} is live already. Available: {available}")
        copy = self._settings.release(release) / data.SNAPSHOT
        if restore_data and not copy.is_file():
            raise ReleaseError(NO_SNAPSHOT.format(release))
        image = history.image_of(self._settings, release)
        if not self._engine.exists(image):
            self._say(f"the image {image} is gone: building it again")
            build(self._settings, self._engine, release, image)
        unpack(self._settings.release(release), self._settings.pages(release))
        self.bring_up(release, live, restore_data)
        return release

    def _prepare(self, release: str, live: Live) -> None:
        """All that can be done beside the live release: image, pages, snapshot, migration."""
        settings = self._settings
        image = history.image_of(settings, release)
        if not self._engine.exists(image):
            self._say(f"build the image {image}")
            build(self._settings, self._engine, release, image)
        unpack(settings.release(release), settings.pages(release))
        if not data.migration_pending(settings.database, settings.release(release)):
            return
        if live.release and settings.database.exists() and settings.release(live.release).is_dir():
            self._say(f"take a snapshot of the data as {live.release} leaves it")
            data.snapshot(settings.database, settings.release(live.release))
        self._say("migrate the database")
        slot = f"app-{live.idle_slot}"
        arguments = ["run", "--rm", "--no-TTY", "--no-deps", slot, "flask", "bootstrap"]
        self._engine.compose(release, *arguments, what="the migration")

    def bring_up(self, release: str, live: Live, restore_data: bool = False) -> None:
        """Starts the idle slot with `release`, proves it, switches to it and stops the other one."""
        slot = live.idle_slot
        service = f"app-{slot}"
        try:
            self._say(f"start {service} with {release}")
            what = f"the start of {service}"
            self._engine.compose(release, "up", "--detach", "--no-deps", service, what=what)
            self._wait_ready(release, slot)
            self._say(f"smoke-test {service} through Nginx")
            problem = smoke.smoke_idle(self._settings, release, slot)
            if problem:
                raise ReleaseError(f"the smoke test through Nginx failed: {problem}")
        except BaseException as error:
            self._discard(service, error)
            raise
        host.switch(self._settings, slot)
        self._say(f"switched to {slot}: {release} serves")
        try:
            self._prove(release, slot)
            if not restore_data:
                self._worker(release, self._engine.containers())
        except ReleaseError as error:
            self._go_back(live, service, error)
            raise
        host.align(self._settings, Live(slot, release))
        self._stop(live)
        if restore_data:
            self._restore(release, live)
            self._worker(release, self._engine.containers())

    def _wait_ready(self, release: str, slot: str) -> None:
        """Returns once the slot answers that it is well."""
        service = f"app-{slot}"
        deadline = time.monotonic() + self._settings.start_timeout
        while True:
            problem = smoke.health_problem(smoke.ask_socket(self._settings, slot), release, slot)
            if problem is None:
                self._say(f"{service} is ready")
                return
            container = self._engine.containers().get(service)
            if container is None or container.state != "running":
                raise ReleaseError(
                    f"{service} does not run: {container.status if container else 'it is gone'}"
                )
            if time.monotonic() > deadline:
                waited = self._settings.start_timeout
                raise ReleaseError(f"{service} was not ready within {waited} s: {problem}")
            time.sleep(0.1)

    def _discard(self, service: str, error: BaseException) -> None:
        """Removes a slot that must not go live, and keeps its last words."""
        name = self._settings.container(service)
        if service in self._engine.containers():
            if isinstance(error, ReleaseError):
                error.log = error.log or self._engine.log(name)
            self._engine.docker("rm", "--force", name, what=f"removing {service}")
        self._say(f"{service} is removed; what was live stays live")

    def _prove(self, release: str, slot: str) -> None:
        """Asks as users do, a few times."""
        settings = self._settings
        seconds = settings.tries * settings.delay
        problem = smoke.until_none(
            lambda: smoke.smoke_public(settings, release, slot), seconds, settings.delay
        )
        if problem:
            raise ReleaseError(f"the smoke test after the switch failed: {problem}")
        self._say("the smoke test after the switch passed")

    def _go_back(self, live: Live, service: str, error: ReleaseError) -> None:
        """Switches back to what was live, worker included, and removes the slot that failed the proof."""
        if live.slot is None or live.release is None:
            host.unswitch(self._settings)
            self._discard(service, error)
            return
        host.switch(self._settings, live.slot)
        self._say(f"switched back to {live.slot}: {live.release} serves")
        time.sleep(SETTLE_S)
        self._discard(service, error)
        self._worker(live.release, self._engine.containers())

    def _stop(self, live: Live) -> None:
        """Lets the slot that was live finish what it is at, and stops it."""
        container = self._engine.containers().get(f"app-{live.slot}")
        if live.slot is None or container is None or container.state != "running":
            return
        self._say(f"drain and stop app-{live.slot}")
        time.sleep(SETTLE_S)
        host.stop(self._settings, self._engine, [container.name], self._settings.stop_grace)

    def _restore(self, release: str, live: Live) -> None:
        """Puts the data back to how `release` left it; today's goes into a snapshot of what was live.

        Who could write is frozen meanwhile: requests wait, and none that was answered is missing there.
        """
        settings = self._settings
        if live.release is None:
            raise ReleaseError("nothing was live, so there is no place for today's snapshot")
        kept = settings.release(live.release)
        worker = self._engine.containers().get("worker")
        if worker is not None and worker.state == "running":
            host.stop(settings, self._engine, [worker.name], settings.worker_stop_grace)
        names = [c.name for c in self._engine.containers().values() if c.state == "running"]
        try:
            with data.no_writer(settings.database):
                self._engine.docker("pause", *names, what="freezing the app")
            today = data.snapshot(settings.database, kept)
            self._say(f"today's data is kept in {today}")
            data.restore(settings.release(release) / data.SNAPSHOT, settings.database)
        finally:
            self._engine.docker("unpause", *names, what="unfreezing the app")
        self._say(f"the data is as {release} left it")

    def _worker(self, release: str, containers: dict[str, Container]) -> bool:
        """Replaces the worker, which finishes its job first, unless the right one works; whether it did."""
        worker = containers.get("worker")
        if worker is not None and worker.up and worker.release == release:
            return False
        self._say("replace the worker")
        seconds = self._settings.worker_stop_grace + 60
        self._engine.compose(
            release, "up", "--detach", "--no-deps", "worker", what="the start of the worker", seconds=seconds
        )
        name = self._settings.container("worker")
        check = ["docker", "exec", name, "python", "-m", "app.worker", "--check"]

        def problem() -> str | None:
            done = subprocess.run(
                check, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
            return None if done.returncode == 0 else (done.stdout + done.stderr).strip()

        found = smoke.until_none(problem, self._settings.start_timeout, 0.1)
        if found:
            raise ReleaseError(f"the worker does not work: {found}", self._engine.log(name))
        return True

    def _live(self) -> Live:
        return host.look(self._settings, self._engine.containers())


def _is_up(containers: dict[str, Container], live: Live) -> bool:
    container = containers.get(f"app-{live.slot}")
    return container is not None and container.up
