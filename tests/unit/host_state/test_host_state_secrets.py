"""Secrets are made on the host, once, and show up nowhere else."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from plugins.module_utils.host_state.manifest import StateError
from tests.unit.host_state.sandbox import Sandbox


def state(box: Sandbox) -> dict[str, Any]:
    """A secret, and files that hold it and its hash."""
    path = box.path("secret")
    return {
        "secrets": [{"path": path, "owner": 12, "group": 13, "length": 50}],
        "files": [
            {"path": box.path("acl"), "content": f"user x on #@@sha256:{path}@@ ~*\n", "substitute": True},
            {"path": box.path("env"), "content": f"A=@@content:{path}@@\nB=1\n", "substitute": True},
            {"path": box.path("given"), "content": "hunter-two-22\n", "sensitive": True},
        ],
        "triggers": {"reload": [box.path("secret"), box.path("given")]},
    }


def test_a_secret_is_made_with_length_owner_and_mode(box: Sandbox) -> None:
    box.hold(**state(box))
    assert re.fullmatch(r"[A-Za-z0-9]{50}", box.text("secret"))
    status = (box.root / "secret").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (12, 13, 0o400)


def test_two_secrets_differ(box: Sandbox) -> None:
    box.hold(secrets=[{"path": box.path("a")}, {"path": box.path("b")}])
    assert box.text("a") != box.text("b")
    assert len(box.text("a")) == 43


def test_a_secret_is_neither_overwritten_nor_removed(box: Sandbox) -> None:
    (box.root / "secret").write_text("the operator's own")
    box.hold(**state(box))
    assert box.text("secret") == "the operator's own"
    box.hold()
    assert box.text("secret") == "the operator's own"


def test_an_empty_secret_counts_as_missing(box: Sandbox) -> None:
    (box.root / "secret").write_text("")
    box.hold(**state(box))
    assert len(box.text("secret")) == 50


def test_tokens_are_replaced_on_the_host_without_the_final_newline(box: Sandbox) -> None:
    (box.root / "secret").write_text("own\n")
    box.hold(**state(box))
    assert box.text("env") == "A=own\nB=1\n"
    assert box.text("acl") == f"user x on #{hashlib.sha256(b'own').hexdigest()} ~*\n"
    assert (box.root / "env").stat().st_mode & 0o777 == 0o600
    assert box.hold(**state(box))["changed_paths"] == []


def test_a_changed_secret_is_seen_in_what_holds_it(box: Sandbox) -> None:
    box.hold(**state(box))
    (box.root / "secret").write_text("another")
    assert box.compare(**state(box))["changed_paths"] == [box.path("acl"), box.path("env")]


def test_a_token_for_a_file_that_does_not_exist_is_named(box: Sandbox) -> None:
    broken = {"files": [{"path": box.path("env"), "content": "A=@@content:/no/such@@", "substitute": True}]}
    assert box.compare(**broken)["changed_paths"] == [box.path("env")]
    with pytest.raises(StateError, match=r"files\[0\] .*env: @@content:/no/such@@ names a file"):
        box.hold(**broken)


def test_no_secret_is_in_results_differences_or_the_record(box: Sandbox) -> None:
    told = box.compare(**state(box))
    done = box.hold(**state(box))
    secret = box.text("secret")
    (box.root / "env").write_text("A=stolen-value\n")
    drift = box.compare(**state(box))
    record = (box.state / "demo.json").read_text()
    for text in (json.dumps(told), json.dumps(done), json.dumps(drift), record):
        for word in (secret, "hunter-two-22", "stolen-value"):
            assert word not in text
    for plain in (secret, "hunter-two-22\n"):
        assert hashlib.sha256(plain.encode()).hexdigest() not in record, "an unsalted hash can be guessed"
    assert (box.state / "demo.json").stat().st_mode & 0o777 == 0o600
    assert {item["before"] for item in drift["diff"]} == {"(content hidden)\n"}
