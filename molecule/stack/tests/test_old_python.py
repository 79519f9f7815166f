"""A target whose Python is too old, or missing, is told so in words."""

from __future__ import annotations

import pytest
from conftest import Run, refused
from testinfra.host import Host

testinfra_hosts = ["tdm-stack-bullseye"]


@pytest.mark.parametrize(
    ("interpreter", "message"),
    [
        ("/usr/bin/python2.7", "/usr/bin/python2.7 is older than 3.8"),
        ("/usr/bin/python3.7", "The target has no /usr/bin/python3.7"),
    ],
)
def test_the_interpreter_is_named(host: Host, run: Run, interpreter: str, message: str) -> None:
    output = refused(host, run, "-e", f"ansible_python_interpreter={interpreter}")
    assert message in output
    assert "SyntaxError" not in output
