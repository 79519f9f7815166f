"""Makes a document as the service does: the file first, then the rows with its SHA-256.

seed.py DATABASE FILES COUNT [BYTES]: COUNT documents of BYTES random bytes; prints their ids.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import uuid
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, username TEXT);
CREATE TABLE IF NOT EXISTS documents (
  id TEXT PRIMARY KEY, name TEXT, owner_id TEXT REFERENCES users (id), current_version INTEGER,
  deleted_at TEXT);
CREATE TABLE IF NOT EXISTS document_versions (
  id TEXT PRIMARY KEY, document_id TEXT REFERENCES documents (id), number INTEGER, size INTEGER, sha256 TEXT,
  path TEXT UNIQUE, author_id TEXT REFERENCES users (id));
INSERT OR IGNORE INTO users VALUES ('u1', 'admin');
"""

files = Path(sys.argv[2])
size = int(sys.argv[4]) if len(sys.argv) > 4 else 20_000
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.executescript(TABLES)
for _ in range(int(sys.argv[3])):
    document, version = str(uuid.uuid4()), str(uuid.uuid4())
    content = os.urandom(size)
    path = f"{version[-2:]}/{version}"
    (files / path).parent.mkdir(exist_ok=True)
    (files / path).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO documents VALUES (?, 'a document', 'u1', 1, NULL)", (document,))
    database.execute(
        "INSERT INTO document_versions VALUES (?, ?, 1, ?, ?, ?, 'u1')",
        (version, document, size, digest, path),
    )
    database.execute("COMMIT")
    sys.stdout.write(document + "\n")
