"""A small service's data with the app's own tables, and settings of the backup's program for it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from tdm_backup.settings import Settings

from app.models import Base, Document, DocumentVersion, User


class Data:
    """The database and the files of a small service."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = root / "data/files"
        self.engine = create_engine(f"sqlite:///{root}/data/tencent_docs.db")
        if self.files.is_dir():
            return
        self.files.mkdir(parents=True)
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        Base.metadata.create_all(self.engine)
        with Session(self.engine) as session, session.begin():
            session.add(User(id="u1", username="admin", password_hash="x", role="admin"))

    def add(self, name: str, content: bytes = b"content", document: str = "") -> str:
        """Stores a document, or a further version of one, as the app does; returns its id."""
        digest = hashlib.sha256(content).hexdigest()
        with Session(self.engine) as session, session.begin():
            held = session.get(Document, document) if document else Document(name=name, owner_id="u1")
            assert held is not None
            session.add(held)
            session.flush()
            number = held.current_version + 1 if document else 1
            held.current_version = number
            version = DocumentVersion(
                document_id=held.id, number=number, size=len(content), sha256=digest, path="", author_id="u1"
            )
            session.add(version)
            session.flush()
            version.path = f"{version.id[-2:]}/{version.id}"
            target = self.files / version.path
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
            return held.id

    def identity(self, name: str) -> str:
        """The document's id."""
        with Session(self.engine) as session:
            return session.query(Document).filter_by(name=name).one().id

    def path(self, document: str) -> Path:
        """The file of a document's current version."""
        with Session(self.engine) as session:
            held = session.get_one(Document, document)
            version = next(v for v in held.versions if v.number == held.current_version)
            return self.files / version.path

    def names(self) -> list[str]:
        """The documents that users see."""
        with Session(self.engine) as session:
            return sorted(d.name for d in session.query(Document) if d.deleted_at is None)


def settings_of(root: Path) -> Settings:
    return Settings(
        database=str(root / "data/tencent_docs.db"),
        files=str(root / "data/files"),
        state_directory=str(root / "state"),
        repository=str(root / "repository"),
        password_file=str(root / "password"),
        host="host1",
        tag="tag1",
        keep={"last": 20},
        unit="tag1-backup",
        command="tdm-backup",
        owner=os.getuid(),
        group=os.getgid(),
    )
