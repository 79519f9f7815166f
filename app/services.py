"""What the configuration stands for: the database, the files, the cache and the queue of one process."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis

from app.config import Config
from app.database import Database
from app.job_queue import JobQueue
from app.redis_clients import connect
from app.storage import FileStore


@dataclass(frozen=True, slots=True)
class Services:
    config: Config
    database: Database
    files: FileStore
    cache: Redis
    queue: JobQueue

    @classmethod
    def from_config(cls, config: Config) -> Services:
        """Opens nothing yet: every connection is made on first use, in the process that uses it."""
        files = FileStore(config.files_dir, config.tmp_dir, config.min_free_bytes)
        files.prepare()
        return cls(
            config=config,
            database=Database(config.database_url, readers=config.threads),
            files=files,
            cache=connect(config.redis_cache_url),
            queue=JobQueue(connect(config.redis_queue_url)),
        )
