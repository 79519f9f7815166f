"""What is live on the host, and the links that say so."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from . import links
from .engine import Container, Engine
from .settings import SLOTS, Settings


class Live(NamedTuple):
    """The slot that Nginx asks and the release in it; both None on a host without one."""

    slot: str | None
    release: str | None

    @property
    def idle_slot(self) -> str:
        return SLOTS[1] if self.slot == SLOTS[0] else SLOTS[0]


def look(settings: Settings, containers: dict[str, Container]) -> Live:
    """What is live: `current.sock` decides; `current` is asked only when the slot's container is gone."""
    name = (links.target(settings.sockets / "current.sock") or "").partition(".")[0]
    if name not in SLOTS:
        return Live(None, None)
    container = containers.get(f"app-{name}")
    if container is not None and container.release:
        return Live(name, container.release)
    return Live(name, current_release(settings))


def current_release(settings: Settings) -> str | None:
    """The release that the link `current` names."""
    return (links.target(settings.root / "current") or "").rpartition("/")[2] or None


def previous_release(settings: Settings) -> str | None:
    """The release that was live before, which a rollback returns to."""
    return (links.target(settings.root / "previous") or "").rpartition("/")[2] or None


def align(settings: Settings, live: Live) -> list[str]:
    """Makes the links follow what is live; the paths of those that did not.

    `previous` is set before `current`, so that no moment forgets the release that was live.
    """
    release = live.release
    if release is None or not settings.release(release).is_dir():
        return []
    wanted = [
        (settings.root / "current", f"releases/{release}"),
        (settings.root / "www" / "current", release),
    ]
    before = current_release(settings)
    if before not in (None, release) and settings.release(str(before)).is_dir():
        wanted.insert(0, (settings.root / "previous", f"releases/{before}"))
        wanted.insert(1, (settings.root / "www" / "previous", str(before)))
    return [str(link) for link, to in wanted if links.point(link, to)]


def switch(settings: Settings, slot: str) -> None:
    """Sends every request from now on to `slot`: one rename, which Nginx follows at its next connect."""
    links.point(settings.sockets / "current.sock", f"{slot}.sock")


def unswitch(settings: Settings) -> None:
    """Takes the way to the app away again, where there was none before."""
    (settings.sockets / "current.sock").unlink()


def known_releases(settings: Settings) -> list[str]:
    """The releases on the host that can be brought up, oldest first."""
    if not settings.releases.is_dir():
        return []
    found = [path for path in settings.releases.iterdir() if (path / "app.yaml").is_file()]
    return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime)]


def stop_leftovers(
    settings: Settings, engine: Engine, live: Live, containers: dict[str, Container]
) -> list[str]:
    """Stops what an interrupted run left running beside the live slot; its services.

    Requests that such a slot still works on are finished first.
    """
    stopped = []
    for slot in SLOTS:
        container = containers.get(f"app-{slot}")
        if (
            slot != live.slot
            and container is not None
            and container.state not in ("exited", "created", "dead")
        ):
            stop(settings, engine, [container.name], settings.stop_grace)
            stopped.append(f"app-{slot}")
    return stopped


def stop(settings: Settings, engine: Engine, names: Sequence[str], grace: int) -> None:
    """Stops containers: what they are at is finished, for `grace` seconds at most."""
    what = f"stopping {', '.join(names)}"
    engine.docker("stop", "--time", str(grace), *names, what=what, seconds=grace + 60)
