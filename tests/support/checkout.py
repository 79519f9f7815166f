"""A clone of this checkout in which a test may commit: releases that differ, and releases that fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
# What a deploy of the embedded host needs and Git does not hold.
LINKED = (".venv", ".cache", "inventories/local/host_vars")
COPIED = ("app/static", "build/dist/.frontend")

CRASHING = 'raise SystemExit("this release is made to crash")\n'
UNHEALTHY = """

def _never(*_: object) -> Check:
    return Check(status="failed", detail="this release is made to be unhealthy")


_database = _never
"""
# Well when it is asked directly, and not through a proxy.
SMOKELESS = """

from flask import request as _request  # noqa: E402


@blueprint.before_app_request
def _fail_behind_nginx() -> Response | None:
    if "X-Forwarded-For" in _request.headers or "X-Forwarded-Proto" in _request.headers:
        return Response("this release is made to fail behind Nginx", 500)
    return None
"""
MIGRATION = '''"""This migration is made to fail."""

from __future__ import annotations

from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("INSERT INTO a_table_that_is_not_there VALUES (1)")


def downgrade() -> None:
    raise NotImplementedError
'''


class Checkout:
    """A clone at `path`; each `commit` is a new release of the same code."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(path)], check=True)
        # The clone holds what is committed; what is being worked on comes along.
        difference = subprocess.run(
            ["git", "diff", "--binary", "HEAD"], cwd=PROJECT, check=True, capture_output=True
        )
        if difference.stdout:
            subprocess.run(["git", "apply"], cwd=path, input=difference.stdout, check=True)
        for name in LINKED:
            if (PROJECT / name).exists():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).symlink_to(PROJECT / name)
        for name in COPIED:
            source, target = PROJECT / name, path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.exists():
                shutil.copy2(source, target)

    def commit(self) -> str:
        """Commits a change of the code alone; the beginning of the name of the release that it makes."""
        self.number += 1
        self._rewrite("app/__init__.py", f"\n# change {self.number}\n")
        return self._committed(f"change {self.number}")

    def commit_failing(self, how: str) -> str:
        """Commits a release that fails: crashing, unhealthy, smoke or migration."""
        self.number += 1
        if how == "crashing":
            self._rewrite("app/wsgi.py", f"\n# {self.number}\n{CRASHING}")
        elif how == "unhealthy":
            self._rewrite("app/api/health.py", f"\n# {self.number}\n{UNHEALTHY}")
        elif how == "smoke":
            self._rewrite("app/api/health.py", f"\n# {self.number}\n{SMOKELESS}")
        elif how == "migration":
            newest = max(path.name[:4] for path in (self.path / "app/migrations/versions").glob("[0-9]*.py"))
            script = self.path / "app/migrations/versions/9999_fails.py"
            script.write_text(MIGRATION.format(before=newest))
        else:
            raise ValueError(how)
        return self._committed(f"a release that fails: {how}")

    def undo(self) -> None:
        """Takes the last commit back."""
        self._git("reset", "--quiet", "--hard", "HEAD~1")
        self._git("clean", "--quiet", "-fd", "app")

    def _rewrite(self, name: str, addition: str) -> None:
        file = self.path / name
        file.write_text(file.read_text() + addition)

    def _committed(self, message: str) -> str:
        self._git("add", "--all", "app")
        self._git("commit", "--quiet", "--no-verify", "--message", message)
        answer = subprocess.run(
            [str(self.path / "scripts/build-wheel"), "--print-id"],
            cwd=self.path,
            capture_output=True,
            text=True,
            check=True,
        )
        return str(json.loads(answer.stdout)["release"])

    def _git(self, *arguments: str) -> None:
        words = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", *arguments]
        subprocess.run(words, cwd=self.path, check=True, capture_output=True)
