"""A release that fails leaves the one before it serving, and says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import HostState, Outcome, Repository, assert_unnoticed
from steady_client import SteadyClient

from tests.support.playbooks import PROJECT

Deploy = Callable[..., Outcome]
FLAWS: dict[str, tuple[str, Callable[[str], str], str, str]] = {
    "crashing": (
        "app/wsgi.py",
        lambda text: text + '\nraise RuntimeError("the app falls over")\n',
        "does not run",
        "RuntimeError: the app falls over",
    ),
    "never-healthy": (
        "app/api/health.py",
        lambda text: text.replace("200)\n", "503)\n").replace("else 200)", "else 503)"),
        "was not ready within 8 s",
        "Listening at",
    ),
    "failing-smoke-test": (
        "app/api/auth.py",
        lambda text: text.replace('@blueprint.get("/me"', '@blueprint.get("/myself"'),
        "the smoke test through Nginx failed: /api/me answered 404, expected 401",
        "Listening at",
    ),
    "failing-worker": (
        "app/worker.py",
        lambda text: text.replace(
            "    if sys.argv[1:] ==",
            '    raise RuntimeError("the worker falls over")\n    if sys.argv[1:] ==',
        ),
        "the worker does not work",
        "RuntimeError: the worker falls over",
    ),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flawed_release_leaves_the_old_one_serving(
    flaw: str, repository: Repository, deploy: Deploy, state: HostState, steady: SteadyClient
) -> None:
    path, change, reason, words = FLAWS[flaw]
    release, slot, previous, running = state.release, state.slot, state.previous, state.running()
    branch = repository.variant(flaw, path, change)
    with steady:
        answer = deploy(branch, "-e", "app_start_timeout=8")
    assert answer.returncode == 2, answer.stdout[-3000:]
    assert reason in answer.stdout, answer.stdout[-4000:]
    assert "The container's last log lines:" in answer.stdout
    assert words in answer.stdout, answer.stdout[-4000:]
    assert_unnoticed(steady)
    assert (state.release, state.slot, state.previous, state.running()) == (release, slot, previous, running)
    other = "green" if slot == "blue" else "blue"
    assert f"app-{other}" not in state.containers(), "the slot that failed is removed"
    last = state.audit()[-1]
    assert last["result"] == "failed"
    assert last["from"] == release
    assert reason.split(":")[0] in last["reason"]


def next_revision() -> tuple[str, str]:
    """The number of the newest migration, and the one that would follow it."""
    newest = max(path.name[:4] for path in (PROJECT / "app/migrations/versions").glob("[0-9]*.py"))
    return newest, f"{int(newest) + 1:04}"


def test_a_failing_migration_leaves_the_old_release_and_its_schema(
    repository: Repository, deploy: Deploy, state: HostState, steady: SteadyClient
) -> None:
    newest, following = next_revision()
    step = (
        f'revision = "{following}"\ndown_revision = "{newest}"\n\n\ndef upgrade() -> None:\n'
        '    raise RuntimeError("the migration falls over")\n'
    )
    repository.variant("failing-migration", f"app/migrations/versions/{following}_flawed.py", lambda _: step)
    release, slot = state.release, state.slot
    init = repository.path / "app/migrations/__init__.py"
    init.write_text(init.read_text().replace(f'HEAD = "{newest}"', f'HEAD = "{following}"'))
    repository.git("commit", "--all", "--quiet", "--message", "head")
    with steady:
        answer = deploy("failing-migration")
    assert answer.returncode == 2, answer.stdout[-3000:]
    assert "the migration failed" in answer.stdout
    assert "RuntimeError: the migration falls over" in answer.stdout
    assert_unnoticed(steady)
    assert (state.release, state.slot) == (release, slot)
