"""Users, sessions and API tokens: Argon2 for passwords, keyed hashes for everything a client carries."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.config import secret_problem
from app.models import ApiToken, LoginSession, User, now

# Argon2id with 19 MiB, two passes, one lane: OWASP's recommendation for small servers.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
# One hash at a time in a process bounds the memory that a burst of log-ins can take.
_one_at_a_time = threading.Lock()
# Verified when the user is unknown, so that both answers take the same time.
_NO_USER = "$argon2id$v=19$m=19456,t=2,p=1$mULhM+Q25cVJO+9Bsa5KmQ$CIVSdPn9oSRpZ872swQRbvdP27s2a0OhZx9KHkUYT2k"

SHORTEST_PASSWORD = 10
# A token's last use is known to this precision: not every request is worth a write.
LAST_USE_SECONDS = 60
TOKEN_PREFIX = "tdm_"  # noqa: S105 - not a secret


class LastAdmin(Exception):  # noqa: N818 - a refusal, told to the user as such
    """After this change nobody could administer the service."""


class NameTaken(Exception):  # noqa: N818
    """Another account has this user name."""


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


def has_password(user: User, password: str) -> bool:
    """Whether it is the user's password."""
    return _matches(user.password_hash, password)


def password_problem(password: str) -> str | None:
    """Why it cannot serve as a password; None when it can."""
    return secret_problem(password, SHORTEST_PASSWORD)


def find_user(session: Session, username: str) -> User | None:
    """The account with this name, active or not."""
    return session.scalars(select(User).where(User.username == username)).one_or_none()


def add_user(session: Session, username: str, password: str, role: str) -> User:
    """A new active user. Raises NameTaken."""
    if find_user(session, username) is not None:
        raise NameTaken(username)
    user = User(username=username, password_hash=hash_password(password), role=role)
    session.add(user)
    return user


def page_of_users(
    session: Session, text: str | None, cursor: str | None, limit: int
) -> tuple[list[User], str | None]:
    """Up to `limit` accounts, newest first, whose name contains `text`; and the next cursor."""
    query = select(User).order_by(User.id.desc()).limit(limit + 1)
    if text:
        query = query.where(User.username.icontains(text, autoescape=True))
    if cursor is not None:
        query = query.where(User.id < cursor)
    users = list(session.scalars(query))
    return users[:limit], users[limit - 1].id if len(users) > limit else None


def change_user(session: Session, user: User, role: str | None = None, active: bool | None = None) -> None:
    """Gives another role, locks the account (its sessions end), or opens it. Raises LastAdmin."""
    loses = user.role == "admin" and user.active and (role not in (None, "admin") or active is False)
    if loses:
        admins = session.scalars(select(User).where(User.role == "admin", User.active).with_for_update())
        if all(admin.id == user.id for admin in admins):
            raise LastAdmin(user.username)
    if role is not None:
        user.role = role
    if active is not None:
        user.active = active
    if active is False:
        end_sessions(session, user.id)


def set_password(session: Session, user: User, password: str, but: str | None = None) -> None:
    """Changes the password and ends every session of the user but the one with this hash."""
    user.password_hash = hash_password(password)
    end_sessions(session, user.id, but)


def end_sessions(session: Session, user_id: str, but: str | None = None) -> int:
    """Ends the user's sessions but the one with this hash; returns how many."""
    gone = session.scalars(
        delete(LoginSession)
        .where(LoginSession.user_id == user_id, LoginSession.token_hash != (but or ""))
        .returning(LoginSession.token_hash)
    )
    return len(gone.all())


def live_sessions(session: Session, user_id: str) -> list[LoginSession]:
    """The user's sessions that are not over, newest first."""
    query = select(LoginSession).where(LoginSession.user_id == user_id, LoginSession.expires_at > now())
    return list(session.scalars(query.order_by(LoginSession.created_at.desc())))


def page_of_tokens(
    session: Session, user_id: str, cursor: str | None, limit: int
) -> tuple[list[ApiToken], str | None]:
    """Up to `limit` tokens of the user that were not revoked, newest first; and the next cursor."""
    query = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    if cursor is not None:
        query = query.where(ApiToken.id < cursor)
    tokens = list(session.scalars(query.order_by(ApiToken.id.desc()).limit(limit + 1)))
    return tokens[:limit], tokens[limit - 1].id if len(tokens) > limit else None


def count_tokens(session: Session, user_id: str) -> int:
    """How many tokens of the user are alive."""
    query = select(func.count()).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return session.scalar(query) or 0


def revoke_token(session: Session, user_id: str, token_id: str) -> ApiToken | None:
    """Ends the user's token; None when there is none that lives."""
    return session.scalars(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(ApiToken)
    ).one_or_none()


class Credentials:
    """Issues and resolves session and API tokens.

    The database keeps HMAC-SHA256(secret_key, token): without the key a stolen copy of it opens nothing,
    and a new secret_key ends every session and token.
    """

    def __init__(self, secret_key: str, session_hours: int) -> None:
        self._key = secret_key.encode()
        self._lifetime = timedelta(hours=session_hours)

    def hash_of(self, token: str) -> str:
        """What the database keeps of a token."""
        return hmac.digest(self._key, token.encode(), "sha256").hex()

    def start_session(self, session: Session, user: User, address: str) -> str:
        """A new session's token; sessions that are over are swept away."""
        token = secrets.token_urlsafe(32)
        moment = now()
        session.execute(update(User).where(User.id == user.id).values(last_login_at=moment))
        session.execute(delete(LoginSession).where(LoginSession.expires_at < moment))
        session.add(
            LoginSession(
                token_hash=self.hash_of(token),
                user_id=user.id,
                created_at=moment,
                expires_at=moment + self._lifetime,
                address=address[:64],
            )
        )
        return token

    def end_session(self, session: Session, token: str) -> None:
        """Ends the session; an unknown token is no error."""
        session.execute(delete(LoginSession).where(LoginSession.token_hash == self.hash_of(token)))

    def by_session(self, session: Session, token: str) -> Principal | None:
        """Who holds this session, if it is alive and the user still active."""
        query = (
            select(User)
            .join(LoginSession, LoginSession.user_id == User.id)
            .where(
                LoginSession.token_hash == self.hash_of(token), LoginSession.expires_at > now(), User.active
            )
        )
        return _principal(session.scalars(query).one_or_none(), "session")

    def issue_token(self, session: Session, user_id: str, name: str) -> tuple[ApiToken, str]:
        """A named API token: its row, and the text that is shown only once."""
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = ApiToken(user_id=user_id, name=name, token_hash=self.hash_of(text))
        session.add(row)
        session.flush()
        return row, text

    def by_token(self, session: Session, token: str) -> Principal | None:
        """Whose API token this is, unless it was revoked."""
        query = (
            select(User)
            .join(ApiToken, ApiToken.user_id == User.id)
            .where(ApiToken.token_hash == self.hash_of(token), ApiToken.revoked_at.is_(None), User.active)
        )
        return _principal(session.scalars(query).one_or_none(), "token")

    def unnoted_use(self, session: Session, token: str) -> bool:
        """Whether the token's last use is too long ago, or never was, to stand in the database as now."""
        last = session.scalar(select(ApiToken.last_used_at).where(ApiToken.token_hash == self.hash_of(token)))
        return last is None or last < now() - timedelta(seconds=LAST_USE_SECONDS)

    def note_use(self, session: Session, token: str) -> None:
        """Notes that the token is used now."""
        session.execute(
            update(ApiToken).where(ApiToken.token_hash == self.hash_of(token)).values(last_used_at=now())
        )


def _principal(user: User | None, via: str) -> Principal | None:
    if user is None:
        return None
    return Principal(user_id=user.id, username=user.username, role=user.role, via=via)
