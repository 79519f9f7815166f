"""A sandbox: a directory that plays the host, and calls as the action plugin makes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plugins.module_utils.host_state.run import Call, run
from plugins.plugin_utils.host_state.arguments import read_arguments
from plugins.plugin_utils.host_state.contents import Contents


def no_template(name: str, extra: Mapping[str, Any], destination: str) -> str:
    """Stand for Ansible's templating, which test_action.py exercises."""
    raise AssertionError(f"no test here renders a template, asked for {name}")


class Sandbox:
    """Holds states below `root`; records are in `state`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "host"
        self.state = folder / "state"
        self.root.mkdir(parents=True)

    def call(self, op: str, arguments: Mapping[str, Any], **further: Any) -> dict[str, Any]:
        """Make one call of the module; a path is taken below the root."""
        contents = Contents(no_template, lambda folder, name: name)
        wanted = read_arguments({"name": "demo", **arguments}, contents, "test")
        return run(Call(op=op, state_directory=str(self.state), manifest=wanted.manifest, **further))

    def compare(self, **arguments: Any) -> dict[str, Any]:
        """Compare in check mode, with differences."""
        return self.call("compare", arguments, check=True, diff=True)

    def hold(self, **arguments: Any) -> dict[str, Any]:
        """Compare and apply as the action plugin does; return what it saw."""
        seen = self.call("compare", arguments)
        return dict(seen, **self.call("apply", arguments)) if seen["needs_apply"] else seen

    def acknowledge(self, *names: str, owner: str = "demo") -> None:
        """Acknowledge triggers."""
        run(Call(op="acknowledge", state_directory=str(self.state), manifest={"name": owner}, names=names))

    def path(self, name: str) -> str:
        """Return a path of the sandbox as text."""
        return str(self.root / name)

    def text(self, name: str) -> str:
        """Return the content of a file."""
        return (self.root / name).read_text()

    def leftovers(self) -> list[Path]:
        """Return temporary files and staged copies, of which there must be none after a run."""
        return [*self.root.rglob(".host_state.*"), *self.state.glob("stage/*/*")]
