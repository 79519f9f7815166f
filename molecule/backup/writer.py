"""Writes rows to a SQLite database in WAL mode, for ever or up to a number.

Each transaction writes one row to each of two tables: a copy is consistent exactly when both are the same.
"""

from __future__ import annotations

import sqlite3
import sys
import time

database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
limit = int(sys.argv[2]) if len(sys.argv) > 2 else None
database.execute("PRAGMA journal_mode = WAL")
database.execute("CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY, text TEXT)")
database.execute("CREATE TABLE IF NOT EXISTS mirror (id INTEGER PRIMARY KEY, text TEXT)")
while limit is None or database.execute("SELECT count(*) FROM ledger").fetchone()[0] < limit:
    database.execute("BEGIN IMMEDIATE")
    row = database.execute("INSERT INTO ledger (text) VALUES (hex(randomblob(500)))").lastrowid
    database.execute("INSERT INTO mirror SELECT * FROM ledger WHERE id = ?", (row,))
    database.execute("COMMIT")
    if limit is None:
        time.sleep(0.01)
