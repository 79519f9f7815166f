"""SIGKILL of a deploy at every step: the next one goes on by itself.

Each round commits a change, starts the deploy, and kills it at one step: at a task, the controller's
processes; at a step on the host, the program there with all that it started. The following round is the next
deploy, which must not stumble over what was left; the last one is left alone and must serve.
"""

from __future__ import annotations

import collections
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.harness import Fault, NotInjected, Scene
from tests.support.checkout import Checkout
from tests.support.machine import PROJECT, CommandFailed, Machine
from tests.support.site import ROOT

PLAYBOOK = "playbooks/deploy.yml"
PROGRAM = f"{ROOT}/bin/release"
MARK = "fault-test"
# The task that runs the host's part.
TASK_OF_RELEASE = re.compile("Carry the release out")
STEPS_AT_MOST = 20
TASK = re.compile(r"^TASK \[(.*)\]")


def tasks_of(machine: Machine, checkout: Checkout) -> list[str]:
    """The tasks of a deploy that succeeds, in their order."""
    checkout.commit()
    output = machine.play(PLAYBOOK, directory=checkout.path)
    return [found[1] for line in output.splitlines() if (found := TASK.match(line))]


def kill_at(machine: Machine, checkout: Checkout, number: int) -> str | None:
    """Starts a deploy and kills its controller when task `number` (from 0) begins.

    That task's name; None when the deploy succeeded with fewer. Raises CommandFailed.
    """
    process = machine.playbook(PLAYBOOK, directory=checkout.path)
    assert process.stdout
    seen, last = -1, collections.deque[str](maxlen=40)
    try:
        for line in process.stdout:
            last.append(line)
            if found := TASK.match(line):
                seen += 1
                if seen == number:
                    return found[1]
        if process.wait():
            raise CommandFailed(f"a deploy ended with status {process.returncode}:\n{''.join(last)}")
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def kill_on_host(machine: Machine, release: str, number: int) -> str | None:
    """Runs the host's part of a deploy and kills it at step `number` (from 0).

    What the step said; None when it ended before. Raises CommandFailed.
    """
    process = subprocess.Popen(
        ["docker", "exec", machine.name, PROGRAM, "--who", MARK, "deploy", release],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    for count, line in enumerate(process.stdout):
        if line.startswith("{"):
            break
        if count == number:
            machine.sh(
                f"pids=$(pgrep -f -- '--who {MARK}')\n"
                "for pid in $pids; do pkill -9 -P $pid || test $? = 1; done\nkill -9 $pids"
            )
            process.communicate()
            return line.split(" s ", 1)[-1].strip()
    process.communicate()
    if process.returncode:
        raise CommandFailed(f"{PROGRAM} ended with status {process.returncode} before step {number}")
    return None


@contextmanager
def cut_short(scene: Scene) -> Iterator[None]:
    """Deploys that are killed, each at another step; then one that is not, and serves."""
    machine = scene.machine
    checkout = Checkout(PROJECT / "build" / "bench" / "checkout")
    tasks = tasks_of(machine, checkout)
    live = next(number for number, task in enumerate(tasks) if TASK_OF_RELEASE.search(task))
    said = []
    for number in range(len(tasks)):
        checkout.commit()
        if (task := kill_at(machine, checkout, number)) is None:
            break
        said.append(task)
    if len(said) <= live:
        raise NotInjected(f"no deploy was killed after its release had begun: {said}")
    for number in range(STEPS_AT_MOST):
        begins = checkout.commit()
        # The release lies on the host; its program has not been started.
        kill_at(machine, checkout, live - 1)
        release = machine.sh(f"basename {ROOT}/releases/{begins}*").strip()
        step = kill_on_host(machine, release, number)
        if step is None:
            break
        said.append(step)
    else:
        raise NotInjected(f"the host's part has more than {STEPS_AT_MOST} steps: {said}")
    release = checkout.commit()
    machine.play(PLAYBOOK, directory=checkout.path)
    if scene.load.wait_for_release(release, 30) is None:
        raise CommandFailed(f"{scene.load.release()} serves instead of {release}; killed at {said}")
    print(f"    killed at {len(said)} steps: {', '.join(said)}", file=sys.stderr, flush=True)
    yield


FAULTS = [Fault("kill-deploy", "SIGKILL of a deploy at every step, then the next one", cut_short, hold=1)]
