"""The operator's commands: `flask migrate ...`, `flask user ...`, `flask bootstrap`.

Commands that a deployment calls print one JSON line with `changed`: a second run says that nothing was to do.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import accounts, activity, migrations
from app.accounts import SHORTEST_PASSWORD
from app.activity import Actor
from app.api.account_schemas import USERNAME_PATTERN
from app.api.context import services
from app.config import secret_problem
from app.models import ROLES, User

ADMIN = "admin"
# In the activity: whoever has a shell on the server.
OPERATOR = Actor(None, "(operator)")

migrate = AppGroup("migrate", help="The database's schema.")
user = AppGroup("user", help="Accounts.")


def register(app: Flask) -> None:
    """Adds the commands to `flask`."""
    app.cli.add_command(migrate)
    app.cli.add_command(user)
    app.cli.add_command(bootstrap)


def _say(**result: object) -> None:
    click.echo(json.dumps(result))


@migrate.command("up")
def migrate_up() -> None:
    """Bring the database to this release's revision."""
    before, after = migrations.up(services().database)
    _say(changed=before != after, before=before, after=after)


@migrate.command("status")
def migrate_status() -> None:
    """Print the database's revision and this release's; exit 3 when a migration is pending."""
    found = None
    if services().database.is_sqlite and not Path(services().database.writer.url.database or "").exists():
        pending = True
    else:
        with services().database.read() as session:
            found = migrations.revision(session.connection())
        pending = found is None or found < migrations.HEAD
    _say(revision=found, release=migrations.HEAD, pending=pending)
    if pending:
        sys.exit(3)


@user.command("ensure-admin")
def ensure_admin() -> None:
    """Make the account `admin` from SECRETS_DIR/admin_password, unless it is there already."""
    _say(changed=_ensure_admin(), username=ADMIN)


def _ensure_admin() -> bool:
    with services().database.read() as session:
        if session.scalars(select(User).where(User.username == ADMIN)).one_or_none() is not None:
            return False
    path = services().config.admin_password_file
    try:
        password = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise click.ClickException(f"the secret file {path} cannot be read: {error.strerror}") from error
    problem = secret_problem(password, SHORTEST_PASSWORD)
    if problem:
        raise click.ClickException(
            f"the secret file {path} {problem}; write a password of {SHORTEST_PASSWORD} or more"
        )
    with services().database.write() as session:
        if session.scalars(select(User).where(User.username == ADMIN)).one_or_none() is not None:
            return False
        accounts.add_user(session, ADMIN, password, "admin")
    return True


@click.command("bootstrap")
def bootstrap() -> None:
    """`migrate up`, then `user ensure-admin`."""
    before, after = migrations.up(services().database)
    admin = _ensure_admin()
    _say(changed=admin or before != after, before=before, after=after, admin_made=admin)


def _new_password(from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = str(click.prompt("New password", hide_input=True, confirmation_prompt=True))
    problem = secret_problem(password, SHORTEST_PASSWORD)
    if problem:
        raise click.ClickException(f"the password {problem}")
    return password


def _find(session: Session, username: str) -> User:
    found = accounts.find_user(session, username)
    if found is None:
        raise click.ClickException(f"there is no user {username}; see: flask user list")
    return found


def _record(session: Session, action: str, changed: User) -> None:
    activity.record(session, OPERATOR, action, changed.id, changed.username)


@user.command("create")
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES), default="editor", show_default=True)
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")
def create_user(username: str, role: str, from_stdin: bool) -> None:
    """Make an account."""
    if not re.fullmatch(USERNAME_PATTERN, username):
        raise click.ClickException("a user name is 1 to 64 letters, digits, Chinese characters and . _ @ -")
    password = _new_password(from_stdin)
    try:
        with services().database.write() as session:
            made = accounts.add_user(session, username, password, role)
            session.flush()
            _record(session, "user-create", made)
    except accounts.NameTaken:
        raise click.ClickException(f"there is a user {username} already; see: flask user list") from None
    _say(changed=True, username=username)


@user.command("password")
@click.argument("username")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")
def set_password(username: str, from_stdin: bool) -> None:
    """Change a password and end that user's sessions."""
    password = _new_password(from_stdin)
    with services().database.write() as session:
        found = _find(session, username)
        accounts.set_password(session, found, password)
        _record(session, "password", found)
    _say(changed=True, username=username)


# The name it had first.
user.add_command(set_password, "set-password")


@user.command("role")
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
def change_role(username: str, role: str) -> None:
    """Give an account another role."""
    _change(username, role=role)


@user.command("activate")
@click.argument("username")
def activate(username: str) -> None:
    """Open a locked account again."""
    _change(username, active=True)


@user.command("deactivate")
@click.argument("username")
def deactivate(username: str) -> None:
    """Lock an account: its sessions end, its tokens open nothing."""
    _change(username, active=False)


def _change(username: str, role: str | None = None, active: bool | None = None) -> None:
    with services().database.write() as session:
        found = _find(session, username)
        before = (found.role, found.active)
        try:
            accounts.change_user(session, found, role, active)
        except accounts.LastAdmin:
            raise click.ClickException(
                f"{username} is the last active administrator; make another first: flask user role NAME admin"
            ) from None
        changed = before != (found.role, found.active)
        if changed:
            _record(session, "user-change", found)
    _say(changed=changed, username=username, role=found.role, active=found.active)


@user.command("sessions")
@click.argument("username")
@click.option("--end", is_flag=True, help="End them all.")
def sessions(username: str, end: bool) -> None:
    """Print an account's sessions, one JSON line each; or end them."""
    if end:
        with services().database.write() as session:
            ended = accounts.end_sessions(session, _find(session, username).id)
        _say(changed=ended > 0, username=username, ended=ended)
        return
    with services().database.read() as session:
        for found in accounts.live_sessions(session, _find(session, username).id):
            _say(
                created_at=found.created_at.isoformat(),
                expires_at=found.expires_at.isoformat(),
                address=found.address,
            )


@user.command("list")
def list_users() -> None:
    """Print every account, one JSON line each."""
    with services().database.read() as session:
        for found in session.scalars(select(User).order_by(User.username)):
            last = found.last_login_at.isoformat() if found.last_login_at else None
            _say(username=found.username, role=found.role, active=found.active, last_login_at=last)
