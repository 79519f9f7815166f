"""The password of the repository, shown once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tdm_backup.settings import Settings


def show_once(settings: Settings) -> str:
    """Return the password the first time, nothing afterwards; a new password is shown again."""
    password = Path(settings.password_file).read_text(encoding="utf-8").strip()
    note = settings.state("password-shown")
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), settings.tag.encode(), 100_000).hex()
    if note.exists() and note.read_text(encoding="utf-8").strip() == digest:
        return ""
    note.write_text(digest + "\n", encoding="utf-8")
    note.chmod(0o600)
    return password
