"""Comparing two tables: which rows were added, removed or changed, and in which cells."""
