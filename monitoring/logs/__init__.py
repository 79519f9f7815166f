"""What Nginx and the service wrote, as figures: folded each minute into hourly rollups, or read in depth.

`lines` says what one line means, `figures` adds lines up; every way of counting (rollups, plain, DuckDB)
goes through these two, so that all give the same result. `increment` and what it imports need the standard
library alone.
"""
