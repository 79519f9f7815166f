"""The front end's files of a release, and the files of maintenance."""

from __future__ import annotations

import pytest

from roles.app.files.release import maintenance
from roles.app.files.release.failure import ReleaseError
from roles.app.files.release.settings import Settings
from roles.app.files.release.static_files import unpack
from tests.unit.release.conftest import MakeRelease


def test_static_files_appear_whole(settings: Settings, make_release: MakeRelease) -> None:
    release = make_release("r1", "app/static/index.html", "app/static/assets/a.js", "app/x.py")
    target = settings.pages("r1")
    (settings.root / "www" / ".unpack-killed").mkdir()
    assert unpack(release, target) == 2
    found = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert found == ["assets/a.js", "index.html"]
    assert (target.stat().st_mode & 0o777, (target / "index.html").stat().st_mode & 0o777) == (0o755, 0o644)
    assert [path.name for path in target.parent.iterdir()] == ["r1"]
    assert unpack(release, target) == 0


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["app/x.py"], "holds no app/static/index.html"),
        (["app/static/index.html", "app/static/../../evil"], "a path outside its own directory"),
    ],
)
def test_a_wheel_without_pages_or_with_a_way_out_leaves_nothing(
    settings: Settings, make_release: MakeRelease, names: list[str], reason: str
) -> None:
    with pytest.raises(ReleaseError, match=reason):
        unpack(make_release("r1", *names), settings.pages("r1"))
    assert list((settings.root / "www").iterdir()) == []
    assert not list(settings.root.rglob("evil"))


def test_maintenance_is_a_file_and_one_for_each_guest(settings: Settings) -> None:
    directory = maintenance.state_directory(settings)
    assert maintenance.turn_off(settings) is False
    assert maintenance.turn_on(settings, ["203.0.113.7", "2001:DB8:0::1"]) is True
    assert sorted(path.name for path in (directory / "allow").iterdir()) == ["2001:db8::1", "203.0.113.7"]
    assert maintenance.turn_on(settings, ["2001:db8::1", "203.0.113.7"]) is False
    assert maintenance.turn_on(settings, []) is True
    assert list((directory / "allow").iterdir()) == []
    assert maintenance.is_on(settings)
    assert maintenance.turn_off(settings) is True
    assert not directory.exists()


@pytest.mark.parametrize("address", ["../on", "example.com", "", "10.0.0.0/8"])
def test_a_guest_is_an_address(settings: Settings, address: str) -> None:
    with pytest.raises(ReleaseError, match="is no address"):
        maintenance.turn_on(settings, [address])
    assert not maintenance.is_on(settings)
