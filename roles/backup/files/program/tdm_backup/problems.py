"""What can go wrong, by its cause, and the command that the operator types next."""

from __future__ import annotations

import errno
import re

from tdm_backup.settings import Settings

LOST_PASSWORD = "lost_password"  # noqa: S105 (the name of a cause)
DAMAGED = "damaged_repository"
DISK_FULL = "disk_full"
UNREACHABLE = "unreachable"
BUSY = "busy"
FAILED = "failed"

# What restic 0.11 to 0.18, ssh and the storage say. The first that is found counts.
_SIGNS = (
    (LOST_PASSWORD, r"wrong password or no key found"),
    (BUSY, r"already locked"),
    (DISK_FULL, r"no space left on device|disk quota exceeded|quotaexceeded|database or disk is full"),
    (
        UNREACHABLE,
        r"connection refused|connection reset|connection timed out|could not resolve|no such host|i/o timeout"
        r"|network is unreachable|no route to host|unable to start the sftp session|connection closed"
        r"|host key verification failed|permission denied \(|accessdenied|access denied|invalidaccesskeyid"
        r"|access key id you provided|signature we calculated|x509:|tls: |server misbehaving|dial tcp",
    ),
    (
        DAMAGED,
        r"ciphertext verification failed|repository contains errors|repository is damaged|could be damaged"
        r"|not found in repository|pack [0-9a-f]+:? .*does not exist|pack id does not match|hash mismatch"
        r"|invalid data returned|panic: runtime error|already contains keys|invalid character"
        r"|load\(<[^>]*>.*no such file or directory|unexpected file size|unable to load index|load index",
    ),
)

# After the words of the cause: what to do, with {command}, {unit} and the like filled in.
_NEXT = {
    LOST_PASSWORD: "write the password that you keep elsewhere into {password_file} (or set"
    " backup_password and run site.yml), then: systemctl start {unit}.service",
    DAMAGED: "see what is left with: {command} check; see docs/operations.md, 'A damaged repository'",
    DISK_FULL: "see what fills it with: df -h {place}; make room, then: systemctl start {unit}.service",
    UNREACHABLE: "try the way to it with: {command} list; then: systemctl start {unit}.service",
    BUSY: "see who holds it with: {command} restic list locks; a lock"
    " of the dead goes with: {command} restic unlock",
    FAILED: "read what happened with: journalctl -u '{unit}*' -n 50",
}


class Problem(Exception):  # noqa: N818 (a state, told to the operator as such)
    """The work failed; the message says why in words for the operator, `cause` is one of the names above."""

    def __init__(self, message: str, cause: str = FAILED) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(text: str) -> str:
    """Return the cause that the words of a program tell."""
    lowered = text.lower()
    for cause, signs in _SIGNS:
        if re.search(signs, lowered):
            return cause
    return FAILED


def cause_of_error(error: BaseException) -> str:
    """Return the cause of an exception."""
    if isinstance(error, Problem):
        return error.cause
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    return cause_of(str(error))


def next_step(cause: str, settings: Settings) -> str:
    """Return what the operator does next, with the command."""
    place = settings.repository if settings.local else settings.state_directory
    return _NEXT[cause].format(
        password_file=settings.password_file, unit=settings.unit, command=settings.command, place=place
    )
