"""The repository's password is shown once."""

from __future__ import annotations

from pathlib import Path

from tdm_backup import password
from tdm_backup.settings import Settings


def test_it_is_shown_once_and_again_only_when_it_is_another(settings: Settings) -> None:
    assert password.show_once(settings) == "secret"
    assert password.show_once(settings) == ""
    Path(settings.password_file).write_text("another\n")
    assert password.show_once(settings) == "another"
    assert password.show_once(settings) == ""


def test_what_is_noted_does_not_tell_it(settings: Settings) -> None:
    password.show_once(settings)
    noted = settings.state("password-shown")
    assert "secret" not in noted.read_text()
    assert noted.stat().st_mode & 0o777 == 0o600
