"""How much one table may ask of this server. Counted while reading, never believed."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


class TableRefused(Exception):  # noqa: N818 - a verdict on the file
    """The file is no table that can be shown. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one file. `cells` counts empty positions left of a filled one, too."""

    rows: int = 1_048_576
    columns: int = 16_384
    cells: int = 10_000_000
    xml_bytes: int = 512 * MEBIBYTE
    part_bytes: int = 16 * MEBIBYTE
    strings_bytes: int = 96 * MEBIBYTE
    output_bytes: int = 512 * MEBIBYTE
    text: int = 131_072
    line: int = 1_048_576
    sheets: int = 256
    zip_entries: int = 20_000


LIMITS = Limits()
