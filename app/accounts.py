"""Users, sessions and API tokens: Argon2 for passwords, keyed hashes for everything a client carries."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import ApiToken, LoginSession, User, now

# Argon2id with 19 MiB, two passes, one lane: OWASP's recommendation for small servers.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
# One hash at a time in a process bounds the memory that a burst of log-ins can take.
_one_at_a_time = threading.Lock()
# Verified when the user is unknown, so that both answers take the same time.
_NO_USER = "$argon2id$v=19$m=19456,t=2,p=1$mULhM+Q25cVJO+9Bsa5KmQ$CIVSdPn9oSRpZ872swQRbvdP27s2a0OhZx9KHkUYT2k"

TOKEN_PREFIX = "tdm_"  # noqa: S105 - not a secret


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `via` is `session` or `token`."""

    user_id: str
    username: str
    role: str
    via: str


def hash_password(password: str) -> str:
    """An Argon2id hash with its own salt and parameters."""
    with _one_at_a_time:
        return _hasher.hash(password)


def _matches(password_hash: str, password: str) -> bool:
    with _one_at_a_time:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(session: Session, username: str, password: str) -> User | None:
    """The active user whose password it is; takes as long for an unknown name as for a known one."""
    user = session.scalars(select(User).where(User.username == username)).one_or_none()
    matches = _matches(user.password_hash if user else _NO_USER, password)
    return user if user is not None and user.active and matches else None


def add_user(session: Session, username: str, password: str, role: str) -> User:
    """A new active user."""
    user = User(username=username, password_hash=hash_password(password), role=role)
    session.add(user)
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Changes the password and ends every session of the user."""
    user.password_hash = hash_password(password)
    session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))


class Credentials:
    """Issues and resolves session and API tokens.

    The database keeps HMAC-SHA256(secret_key, token): without the key a stolen copy of it opens nothing,
    and a new secret_key ends every session and token.
    """

    def __init__(self, secret_key: str, session_hours: int) -> None:
        self._key = secret_key.encode()
        self._lifetime = timedelta(hours=session_hours)

    def _hash(self, token: str) -> str:
        return hmac.digest(self._key, token.encode(), "sha256").hex()

    def start_session(self, session: Session, user: User, address: str) -> str:
        """A new session's token; sessions that are over are swept away."""
        token = secrets.token_urlsafe(32)
        moment = now()
        session.execute(delete(LoginSession).where(LoginSession.expires_at < moment))
        session.add(
            LoginSession(
                token_hash=self._hash(token),
                user_id=user.id,
                created_at=moment,
                expires_at=moment + self._lifetime,
                address=address[:64],
            )
        )
        return token

    def end_session(self, session: Session, token: str) -> None:
        """Ends the session; an unknown token is no error."""
        session.execute(delete(LoginSession).where(LoginSession.token_hash == self._hash(token)))

    def by_session(self, session: Session, token: str) -> Principal | None:
        """Who holds this session, if it is alive and the user still active."""
        query = (
            select(User)
            .join(LoginSession, LoginSession.user_id == User.id)
            .where(LoginSession.token_hash == self._hash(token), LoginSession.expires_at > now(), User.active)
        )
        return _principal(session.scalars(query).one_or_none(), "session")

    def issue_token(self, session: Session, user_id: str, name: str) -> tuple[ApiToken, str]:
        """A named API token: its row, and the text that is shown only once."""
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = ApiToken(user_id=user_id, name=name, token_hash=self._hash(text))
        session.add(row)
        session.flush()
        return row, text

    def by_token(self, session: Session, token: str) -> Principal | None:
        """Whose API token this is, unless it was revoked."""
        query = (
            select(User)
            .join(ApiToken, ApiToken.user_id == User.id)
            .where(ApiToken.token_hash == self._hash(token), ApiToken.revoked_at.is_(None), User.active)
        )
        return _principal(session.scalars(query).one_or_none(), "token")


def _principal(user: User | None, via: str) -> Principal | None:
    if user is None:
        return None
    return Principal(user_id=user.id, username=user.username, role=user.role, via=via)
