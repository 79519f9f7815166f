"""Drift is told and mended, a refused change changes nothing, and what is dropped goes."""

from __future__ import annotations

from conftest import Converge, journal
from testinfra.host import Host

# Each run costs seconds: the older host is looked at in test_state.py and test_interruption.py.
testinfra_hosts = ["ansible://tdm-host-state-trixie"]

CONF = "/etc/demo/demo.conf"


def started_at(host: Host, unit: str) -> str:
    """When a unit was last started; changes with every start."""
    return str(host.check_output(f"systemctl show -p ExecMainStartTimestampMonotonic --value {unit}"))


def test_nothing_to_do_is_one_module_and_no_change(converge: Converge) -> None:
    outcome = converge()
    assert outcome.task["changed"] is False, outcome.task
    assert outcome.tasks == ["Hold the state of the demo service"]
    assert outcome.task["unavailable"] == ["net.no_such_key"]


def test_check_mode_names_exactly_what_was_altered_by_hand(host: Host, converge: Converge) -> None:
    host.check_output(f"sed -i s/hello/hacked/ {CONF}")
    outcome = converge("--check", "--diff")
    assert outcome.task["changed_paths"] == [CONF]
    assert "greeting=hacked" in outcome.task["diff"][0]["before"]
    assert "greeting=hello" in outcome.task["diff"][0]["after"]
    assert outcome.task["units_changed"] == []
    assert "hacked" in host.file(CONF).content_string, "check mode changed the file"


def test_every_kind_of_drift_is_told_by_check_mode_and_mended(host: Host, converge: Converge) -> None:
    for command in (
        "systemctl stop demo.service",
        "systemctl disable demo.timer",
        "apt-get -qq remove tree",
        "gpasswd --delete demo adm",
        "sysctl -q -w net.ipv4.tcp_keepalive_time=99",
        "rm /etc/demo/current",
        "touch /etc/motd",
    ):
        host.check_output(command)
    drift = {
        "units_changed": [
            {"name": "demo.service", "state": "started"},
            {"name": "demo.timer", "enabled": True},
        ],
        "packages_installed": ["tree"],
        "accounts_changed": ["demo"],
        "sysctl_changed": ["net.ipv4.tcp_keepalive_time"],
        "changed_paths": ["/etc/demo/current", "/etc/motd"],
    }
    for outcome in (converge("--check"), converge()):
        assert {key: outcome.task[key] for key in drift} == drift
    assert converge().task["changed"] is False


def test_a_change_restarts_the_unit_and_another_reloads_it(host: Host, converge: Converge) -> None:
    before = started_at(host, "demo.service")
    outcome = converge(demo_greeting="moin")
    assert outcome.task["changed_paths"] == [CONF]
    assert outcome.task["units_changed"] == [{"name": "demo.service", "state": "restarted"}]
    assert "greeting=moin" in host.file("/run/demo/loaded").content_string, journal(host, "demo.service")
    assert started_at(host, "demo.service") != before

    before = started_at(host, "demo.service")
    outcome = converge(demo_greeting="moin", demo_label="second")
    assert outcome.task["units_changed"] == [{"name": "demo.service", "state": "reloaded"}]
    assert host.file("/run/demo/reloaded").content_string == "second\n"
    assert started_at(host, "demo.service") == before, "it was restarted where a reload was enough"


def test_a_refused_file_leaves_everything_as_it_was(host: Host, converge: Converge) -> None:
    further = [
        {"path": "/etc/demo/new", "content": "x"},
        {"path": "/etc/demo/bad", "content": "x", "validate": "false %s"},
    ]
    outcome = converge(demo_greeting="unseen", demo_further_files=further)
    assert outcome.rc != 0
    assert "/etc/demo/bad: `false %s` refuses the new content" in outcome.message
    assert "greeting=hello" in host.file(CONF).content_string
    assert not host.file("/etc/demo/new").exists
    assert host.check_output("find / -xdev -name '.host_state.*'") == ""


def test_a_broken_template_changes_nothing(host: Host, converge: Converge) -> None:
    further = [{"path": "/etc/demo/new", "content": "x"}]
    outcome = converge(demo_template="broken.conf.j2", demo_further_files=further)
    assert outcome.rc != 0
    assert "template broken.conf.j2, line 3 " in outcome.message
    assert not host.file("/etc/demo/new").exists


def test_what_is_no_longer_listed_goes_and_its_unit_stops(host: Host, converge: Converge) -> None:
    further = [{"path": "/etc/demo/extra", "content": "x\n"}]
    assert converge(demo_further_files=further).task["changed_paths"] == ["/etc/demo/extra"]
    host.check_output("echo edited >> /etc/demo/extra")
    outcome = converge(demo_timer=False)
    assert outcome.task["removed"] == ["/etc/demo/extra", "/etc/systemd/system/demo.timer"]
    assert host.check_output("cat /var/lib/host_state/kept/etc/demo/extra.*") == "x\nedited"
    assert not host.service("demo.timer").is_running
    assert host.run("systemctl cat demo.timer").rc != 0
    assert not host.file("/etc/systemd/system/timers.target.wants/demo.timer").exists


def test_a_unit_whose_package_is_still_missing_is_no_error_in_check_mode(
    host: Host, converge: Converge
) -> None:
    host.check_output("systemctl stop cron && apt-get -qq purge cron")
    host.check_output("systemctl daemon-reload")
    outcome = converge("--check")
    assert outcome.rc == 0, outcome.message
    assert outcome.task["packages_installed"] == ["cron"]
    assert {"name": "cron.service", "enabled": True, "state": "started"} in outcome.task["units_changed"]
    assert converge().rc == 0
    assert host.service("cron.service").is_running
