"""Backups of one SQLite database and its files with restic, and the way back.

Runs with the host's own interpreter: Python 3.8, the standard library alone.
"""
