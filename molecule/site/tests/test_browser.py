"""The browser test of tests/e2e against this scenario's host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.playbooks import PROJECT
from tests.support.site import NAME


def test_the_pages_work_in_a_browser(address: str, ca: Path, password: str) -> None:
    environment = {
        **os.environ,
        "TDM_URL": f"https://{NAME}",
        "TDM_ADDRESS": address,
        "TDM_USER": "admin",
        "TDM_PASSWORD": password,
        "TDM_CA": str(ca),
    }
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/e2e", "-p", "no:cacheprovider"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    print(answer.stdout[-2000:])
    assert answer.returncode == 0, answer.stdout[-6000:]
