"""The last lines of a deploy: from, to, seconds, bytes."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

from plugins.filter.releases import app_release_report

PROJECT = Path(__file__).resolve().parents[2]


def result(**changed: Any) -> dict[str, Any]:
    last = {"from": "a", "to": "b", "seconds": 7.5, "serving_after": 3.1, "slot": "green", **changed}
    return {"stdout_lines": ["   0.1 s  start", json.dumps(last)]}


def test_the_report_sums_up_in_one_line() -> None:
    assert app_release_report(result(), 1000, "82234").splitlines() == [
        "   0.1 s  start",
        "a -> b in slot green: 7.5 s on the host, serving after 3.1 s, 81234 bytes over the link",
    ]


def test_what_is_not_known_is_left_out() -> None:
    text = app_release_report(result(**{"from": None, "serving_after": None}), -1, 5)
    assert text.splitlines()[-1] == "nothing -> b in slot green: 7.5 s on the host"


def test_bytes_of_all_connections_to_the_host_count() -> None:
    moved = runpy.run_path(str(PROJECT / "scripts/link-bytes"))["moved"]
    listing = """
0 0 127.0.0.1:40000 127.0.0.1:2222
    cubic bytes_sent:1000 bytes_retrans:10 bytes_acked:1001 bytes_received:200 segs_out:3
0 0 127.0.0.1:40002 127.0.0.1:2222
    cubic bytes_sent:5 bytes_received:6
"""
    assert moved(listing) == 1211
