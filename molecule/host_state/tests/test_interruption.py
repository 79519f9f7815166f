"""A run that dies halfway is finished by the next one."""

from __future__ import annotations

import subprocess
import time

import pytest
from conftest import Converge, command_line, journal
from testinfra.host import Host


def test_a_run_killed_before_the_restart_is_finished_by_the_next(
    host: Host, converge: Converge, name: str
) -> None:
    host.check_output("touch /run/demo-wait")  # holds the restart
    command, environment = command_line(name, {"demo_greeting": "cut"})
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if host.run("systemctl is-active demo.service").stdout.strip() == "activating":
                break
            time.sleep(0.2)
        else:
            pytest.fail(f"the restart never began: {journal(host, 'demo.service')}")
    finally:
        run.kill()
        run.wait()
        host.check_output("rm /run/demo-wait")
    # The old content comes back before anything was remembered: the unit runs with what is gone.
    host.run("while systemctl is-active demo.service | grep -q activating; do sleep 0.1; done")
    assert "greeting=cut" in host.file("/run/demo/loaded").content_string
    outcome = converge()
    assert outcome.task["units_changed"] == [{"name": "demo.service", "state": "restarted"}]
    assert outcome.task["triggered"] == ["reindex"]
    assert "greeting=hello" in host.file("/run/demo/loaded").content_string
    assert converge().task["changed"] is False


def test_a_handler_that_fails_is_called_again(converge: Converge) -> None:
    outcome = converge(demo_greeting="handled", demo_handler="/bin/false")
    assert outcome.rc != 0
    assert outcome.task["triggered"] == ["reindex"]
    again = converge(demo_greeting="handled")
    assert (again.task["changed_paths"], again.task["triggered"]) == ([], ["reindex"])
    assert again.tasks == ["Hold the state of the demo service", "Index anew", "Remember the index"]
    assert converge(demo_greeting="handled").task["changed"] is False
