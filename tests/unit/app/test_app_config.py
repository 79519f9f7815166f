"""What stops the start, and what the message says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.config import Config, ConfigError
from tests.unit.app.stack import Stack

GOOD = "k3yQ9zR7-unlikely_To.Be/Guessed+0f1e2d3c4b5a"


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Config.from_environ(environ)
    return caught.value.problems


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("APP_ENV", "prod", "give one of production"),
        ("LOG_LEVEL", "chatty", "give one of DEBUG"),
        ("MAX_UPLOAD_MB", "0", "whole number from 1"),
        ("MAX_UPLOAD_MB", "lots", "whole number from 1"),
        ("GUNICORN_THREADS", "-3", "whole number from 1"),
        ("MIN_FREE_MB", "1.5", "whole number from 0"),
        ("PUBLIC_URL", "", "https://docs.company.com"),
        ("PUBLIC_URL", "docs.company.com", "https://docs.company.com"),
        ("PUBLIC_URL", "ftp://docs.company.com", "https://docs.company.com"),
        ("DATA_DIR", "relative/path", "absolute path"),
        ("DATA_DIR", "/does/not/exist", "no such directory"),
        ("LOG_DIR", "/does/not/exist", "no such directory"),
        ("DATABASE_URL", "sqlite:///relative.db", "absolute file"),
        ("DATABASE_URL", "mysql://db/x", "postgresql"),
        ("REDIS_QUEUE_URL", "", "redis://tdm@redis-cache:6379/0"),
        ("REDIS_QUEUE_URL", "redis-queue:6379", "redis://"),
        ("REDIS_CACHE_URL", "redis://tdm:hunter2@redis-cache:6379/0", "carries a password"),
        ("REDIS_CACHE_URL", "redis://tdm@redis-cache:6379/0", "redis_cache_password is missing"),
        ("SECRETS_DIR", "/does/not/exist", "secret_key is missing"),
    ],
)
def test_a_bad_value_is_named_with_its_mend(stack: Stack, name: str, value: str, said: str) -> None:
    found = problems({**stack.environ, name: value})
    assert len(found) == 1, found
    assert said in found[0]
    assert name in found[0] or "secret file" in found[0]
    assert "hunter2" not in found[0]


def test_production_needs_https(stack: Stack) -> None:
    assert "https" in problems({**stack.environ, "APP_ENV": "production"})[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("changeme", "placeholder"),
        ("your-secret-key-here-with-more-letters", "placeholder"),
        ("CHANGE-ME-before-going-to-production", "placeholder"),
        ("${SECRET_KEY}", "placeholder"),
        ("Zx81-qu", "too short"),
        ("a" * 40, "repeats"),
    ],
)
def test_a_secret_that_is_none_is_refused_without_being_shown(stack: Stack, text: str, said: str) -> None:
    path = stack.directory / "secrets" / "secret_key"
    path.write_text(text)
    (found,) = problems(stack.environ)
    assert said in found
    assert str(path) in found
    assert not text or text not in found


def test_an_api_key_that_is_a_placeholder_is_refused_and_a_missing_one_is_fine(stack: Stack) -> None:
    assert stack.config().claude_api_key is None
    path = stack.directory / "secrets" / "claude_api_key"
    path.write_text("your-claude-api-key-goes-here")
    assert str(path) in problems(stack.environ)[0]
    path.write_text(GOOD)
    assert stack.config().claude_api_key == GOOD


def test_every_problem_is_told_at_once(stack: Stack) -> None:
    assert len(problems({**stack.environ, "LOG_LEVEL": "x", "PUBLIC_URL": "x", "MAX_UPLOAD_MB": "x"})) == 3


def test_passwords_come_from_files_and_never_show(stack: Stack) -> None:
    (stack.directory / "secrets" / "redis_queue_password").write_text(GOOD + "\n")
    config = Config.from_environ({**stack.environ, "REDIS_QUEUE_URL": "redis://tdm@redis-queue:6379/0"})
    assert config.redis_queue_url.startswith("redis://tdm:k3yQ9zR7-unlikely_To.Be%2FGuessed%2B0")
    assert config.redis_queue_url.endswith("@redis-queue:6379/0")
    assert GOOD in config.secrets
    assert "k3yQ9zR7" not in repr(config)


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "app.worker"],
        ["-m", "flask", "--app", "app", "migrate", "up"],
        ["-m", "gunicorn", "--config", "python:app.gunicorn_conf", "app.wsgi:app"],
    ],
)
def test_no_process_starts_with_a_bad_configuration(stack: Stack, command: list[str]) -> None:
    (stack.directory / "secrets" / "secret_key").write_text("changeme")
    process = stack.run(*command, env={"BIND": f"unix:{stack.directory}/app.sock"})
    output, errors = process.communicate(timeout=90)
    assert process.returncode != 0
    assert "secret_key holds a placeholder" in errors, errors
    assert "Traceback" not in output + errors


def test_a_data_directory_that_cannot_be_written_is_named(stack: Stack, tmp_path: Path) -> None:
    """As another user: root may write anywhere."""
    data = tmp_path / "foreign"
    data.mkdir(mode=0o555)
    code = (
        "import os, sys\nfrom app.config import Config, ConfigError\nos.setuid(65534)\n"
        "try: Config.from_environ()\nexcept ConfigError as error: sys.exit(str(error))"
    )
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    process = stack.run("-c", code, env={"DATA_DIR": str(data)})
    errors = process.communicate(timeout=90)[1]
    assert process.returncode == 1
    assert f"chown 65534 {data}" in errors, errors
    subprocess.run(["rmdir", str(data)], check=True)
