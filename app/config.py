"""Settings from the environment and from secret files, checked before anything else starts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ENVIRONMENTS = ("production", "staging", "development", "test")
MEBIBYTE = 1024 * 1024

_PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "your-",
    "your_",
    "placeholder",
    "example",
    "replace",
    "secret",
)
# A name, or every name below one.
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_NEW_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"  # noqa: S105 - a command


class ConfigError(Exception):
    """The configuration is wrong. The message lists every problem with its mend, and no secret."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"the configuration is not usable:{lines}")


@dataclass(frozen=True, slots=True)
class Config:
    """What the application was told. Secrets do not appear in `repr`."""

    environment: str
    database_url: str = field(repr=False)
    data_dir: Path
    redis_cache_url: str = field(repr=False)
    redis_queue_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    claude_api_key: str | None = field(repr=False)
    secrets_dir: Path
    log_level: str
    log_dir: Path | None
    public_url: str
    max_upload_bytes: int
    min_free_bytes: int
    files_share_bytes: int
    cleanup_percent: int
    trash_days: int
    activity_days: int
    browser_enabled: bool
    fetch_hosts: tuple[str, ...]
    claude_url: str
    claude_model: str
    claude_timeout_seconds: int
    claude_job_tokens: int
    claude_month_tokens: int
    slot: str
    release: str
    threads: int
    session_hours: int
    job_lease_seconds: int
    worker_ttl_seconds: int
    maintenance_seconds: int
    job_monitoring_seconds: int

    @property
    def https(self) -> bool:
        """Whether browsers reach the service over HTTPS (decides the cookie's name and flags)."""
        return self.public_url.startswith("https://")

    @property
    def files_dir(self) -> Path:
        return self.data_dir / "files"

    @property
    def tmp_dir(self) -> Path:
        return self.data_dir / "tmp"

    @property
    def tables_dir(self) -> Path:
        """Caches of tables: made again when they are lost."""
        return self.data_dir / "tables"

    @property
    def comparisons_dir(self) -> Path:
        return self.data_dir / "comparisons"

    @property
    def admin_password_file(self) -> Path:
        return self.secrets_dir / "admin_password"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in use; the log formatter blots them out."""
        urls = (self.database_url, self.redis_cache_url, self.redis_queue_url)
        quoted = [urlsplit(url).password or "" for url in urls]
        plain = [unquote(password) for password in quoted]
        return tuple({s for s in (self.secret_key, self.claude_api_key, *quoted, *plain) if s})

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Reads and checks every setting.

        Raises ConfigError naming each wrong variable or file together with its mend.
        """
        reader = _Reader(os.environ if environ is None else environ)
        config = reader.config(cls)
        if reader.problems:
            raise ConfigError(reader.problems)
        return config


def secret_problem(value: str, minimum: int) -> str | None:
    """Why `value` cannot serve as a secret of at least `minimum` characters; None when it can."""
    lowered = value.lower()
    if not value:
        return "is empty"
    if lowered.startswith(_PLACEHOLDERS) or lowered.startswith(("<", "${", "{{")):
        return "holds a placeholder"
    if len(value) < minimum:
        return f"is too short: {len(value)} characters, at least {minimum} are needed"
    if len(set(value)) < 6:
        return "repeats a few characters"
    return None


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self.secrets_dir = Path(self._text("SECRETS_DIR", "/run/secrets"))

    def config(self, cls: type[Config]) -> Config:
        environment = self._choice("APP_ENV", ENVIRONMENTS, "production")
        data_dir = self._directory("DATA_DIR", "/data")
        log_dir = self._text("LOG_DIR", "")
        return cls(
            environment=environment,
            database_url=self._database_url(data_dir),
            data_dir=data_dir,
            redis_cache_url=self._redis_url("REDIS_CACHE_URL", "redis_cache_password"),
            redis_queue_url=self._redis_url("REDIS_QUEUE_URL", "redis_queue_password"),
            secret_key=self._secret("secret_key", 32),
            claude_api_key=self._optional_secret("claude_api_key", 20),
            secrets_dir=self.secrets_dir,
            log_level=self._choice("LOG_LEVEL", LOG_LEVELS, "INFO", str.upper),
            log_dir=self._directory("LOG_DIR", log_dir) if log_dir else None,
            public_url=self._public_url(environment),
            max_upload_bytes=self._number("MAX_UPLOAD_MB", 100, 1, 10_240) * MEBIBYTE,
            min_free_bytes=self._number("MIN_FREE_MB", 128, 0, 1_048_576) * MEBIBYTE,
            files_share_bytes=self._number("FILES_SHARE_MB", 10_240, 1, 1_073_741_824) * MEBIBYTE,
            cleanup_percent=self._number("CLEANUP_PERCENT", 80, 1, 100),
            trash_days=self._number("TRASH_DAYS", 30, 1, 36_500),
            activity_days=self._number("ACTIVITY_DAYS", 365, 1, 36_500),
            browser_enabled=self._choice("BROWSER_ENABLED", ("true", "false"), "false") == "true",
            fetch_hosts=self._hosts("FETCH_HOSTS", "docs.qq.com,*.docs.qq.com"),
            claude_url=self._claude_url(),
            claude_model=self._text("CLAUDE_MODEL", "claude-haiku-5-5"),
            claude_timeout_seconds=self._number("CLAUDE_TIMEOUT_SECONDS", 120, 1, 600),
            claude_job_tokens=self._number("CLAUDE_JOB_TOKENS", 50_000, 4000, 10_000_000),
            claude_month_tokens=self._number("CLAUDE_MONTH_TOKENS", 2_000_000, 0, 1_000_000_000),
            slot=self._text("SLOT", "blue"),
            release=self._text("RELEASE", "unreleased"),
            threads=self._number("GUNICORN_THREADS", 2, 1, 128),
            session_hours=self._number("SESSION_HOURS", 168, 1, 8760),
            job_lease_seconds=self._number("JOB_LEASE_SECONDS", 30, 1, 3600),
            worker_ttl_seconds=self._number("WORKER_TTL_SECONDS", 30, 16, 3600),
            maintenance_seconds=self._number("MAINTENANCE_SECONDS", 15, 1, 3600),
            job_monitoring_seconds=self._number("JOB_MONITORING_SECONDS", 5, 1, 600),
        )

    def _text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def _number(self, name: str, default: int, low: int, high: int) -> int:
        raw = self._text(name, str(default))
        try:
            number = int(raw)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            self.problems.append(f"{name} is {raw!r}: give a whole number from {low} to {high}")
            return default
        return number

    def _choice(
        self, name: str, allowed: tuple[str, ...], default: str, fold: Callable[[str], str] = str.lower
    ) -> str:
        value = fold(self._text(name, default))
        if value not in allowed:
            self.problems.append(f"{name} is {value!r}: give one of {', '.join(allowed)}")
        return value

    def _directory(self, name: str, default: str) -> Path:
        path = Path(self._text(name, default))
        if not path.is_absolute():
            self.problems.append(f"{name} is {str(path)!r}: give an absolute path")
        elif not path.is_dir():
            self.problems.append(f"{name} is {str(path)!r}: no such directory; create or mount it")
        elif not os.access(path, os.W_OK | os.X_OK):
            self.problems.append(
                f"{name} is {str(path)!r}: uid {os.getuid()} may not write; run: chown {os.getuid()} {path}"
            )
        return path

    def _public_url(self, environment: str) -> str:
        url = self._text("PUBLIC_URL", "")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            self.problems.append(
                f"PUBLIC_URL is {url!r}: give the address users type, such as https://docs.company.com"
            )
        elif environment == "production" and parts.scheme != "https":
            self.problems.append(f"PUBLIC_URL is {url!r}: APP_ENV=production needs an https:// address")
        return url.rstrip("/")

    def _claude_url(self) -> str:
        url = self._text("CLAUDE_URL", "https://api.anthropic.com")
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            self.problems.append(f"CLAUDE_URL is {url!r}: give an https:// address")
        return url

    def _hosts(self, name: str, default: str) -> tuple[str, ...]:
        hosts = tuple(part.strip().lower() for part in self._text(name, default).split(",") if part.strip())
        for host in hosts:
            if not _HOST.fullmatch(host):
                self.problems.append(
                    f"{name} has {host!r}: give names separated by commas, such as docs.qq.com,*.docs.qq.com"
                )
        return hosts

    def _database_url(self, data_dir: Path) -> str:
        url = self._text("DATABASE_URL", f"sqlite:///{data_dir}/tencent_docs.db")
        scheme, _, rest = url.partition("://")
        if scheme == "sqlite":
            if not rest.startswith("//") and "DATABASE_URL" in self.environ:
                self.problems.append(
                    f"DATABASE_URL is {url!r}: give an absolute file, such as sqlite:////data/tencent_docs.db"
                )
        elif scheme.partition("+")[0] != "postgresql":
            self.problems.append("DATABASE_URL: give a sqlite:/// or postgresql+psycopg:// address")
        return url

    def _redis_url(self, name: str, secret_name: str) -> str:
        url = self._text(name, "")
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            self.problems.append(f"{name} is not set: give an address such as redis://tdm@redis-cache:6379/0")
            return url
        if parts.password:
            self.problems.append(
                f"{name} carries a password: remove it, and put it into {self.secrets_dir / secret_name}"
            )
            return url
        if not parts.username:
            return url
        password = self._secret(secret_name, 16)
        netloc = f"{parts.username}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
        return urlunsplit(parts._replace(netloc=netloc))

    def _secret(self, name: str, minimum: int) -> str:
        path = self.secrets_dir / name
        mend = f"write one with: {_NEW_SECRET} > {path}"
        try:
            value = path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            self.problems.append(f"the secret file {path} is missing; {mend}")
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            self.problems.append(f"the secret file {path} cannot be read by uid {os.getuid()}: {reason}")
            return ""
        problem = secret_problem(value, minimum)
        if problem:
            self.problems.append(f"the secret file {path} {problem}; {mend}")
        return value

    def _optional_secret(self, name: str, minimum: int) -> str | None:
        path = self.secrets_dir / name
        if not path.exists():
            return None
        value = self._secret(name, minimum)
        return value or None
