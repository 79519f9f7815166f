#!/usr/bin/python
"""Switch a host's apt sources to a mirror, or back, only when the mirror is shown to work."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: common_apt_mirror
short_description: Switch apt to a mirror that works, or back
description:
  - The candidate is tried in a scratch directory before anything is touched.
  - The distribution's own source files are set aside as FILE.disabled, and brought back when text is empty.
options:
  path: {description: The mirror's source file., type: path, required: true}
  text: {description: "Its text in deb822 form; empty: no mirror.", type: str, required: true}
author: [tencent-doc-manager]
"""

DISTRIBUTION_FILES = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/debian.sources",
    "/etc/apt/sources.list.d/ubuntu.sources",
)


def update(*options: str) -> str:
    """Run apt-get update; return its complaint, or an empty string when every index was fetched.

    Older apt ends with success although indexes failed, so its words are read.
    """
    command = ["apt-get", "update", "-q", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15"]
    command += ["-o", "Acquire::https::Timeout=15", *options]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240
        )
    except subprocess.TimeoutExpired:
        return "apt-get update did not finish within 240 seconds"
    lines = [line.strip() for line in done.stdout.splitlines()]
    # Those that name the reason come first.
    complaints = [line for line in lines if "Failed to fetch" in line]
    complaints += [line for line in lines if line.startswith(("E:", "Err:")) and line not in complaints]
    if done.returncode != 0 or complaints:
        return "; ".join(complaints[:2]) or done.stdout.strip()[-300:]
    return ""


def complaint_about(text: str) -> str:
    """Try the sources in a scratch directory; return what apt says against them, or an empty string."""
    with tempfile.TemporaryDirectory(prefix="apt-mirror-") as scratch:
        source = Path(scratch, "candidate.sources")
        source.write_text(text)
        lists = Path(scratch, "lists", "partial")
        lists.mkdir(parents=True)
        return update(
            "-o", "Dir::Etc::SourceList=" + str(source),
            "-o", "Dir::Etc::SourceParts=-",
            "-o", "Dir::State::Lists=" + str(lists.parent),
            # The scratch directory is root's own; the sandbox user could not enter it.
            "-o", "APT::Sandbox::User=root",
        )  # fmt: skip


def aside(name: str) -> Path:
    """Where a distribution's source file waits while the mirror is in use; apt skips the suffix silently."""
    return Path(name + ".disabled")


def switch_to(path: Path, text: str) -> None:
    """Put the mirror in the place of the distribution's own source files."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.chmod(0o644)
    new.rename(path)
    for name in DISTRIBUTION_FILES:
        if Path(name).exists():
            Path(name).rename(aside(name))


def switch_back(path: Path) -> None:
    """Bring the distribution's own source files back and drop the mirror."""
    for name in DISTRIBUTION_FILES:
        if aside(name).exists():
            aside(name).rename(name)
    if path.exists():
        path.unlink()


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "text": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    path = Path(module.params["path"])
    text = module.params["text"]
    before = path.read_text() if path.exists() else ""
    changed = before != text or (bool(text) and any(Path(name).exists() for name in DISTRIBUTION_FILES))
    if changed and text:
        complaint = complaint_about(text)
        if complaint:
            module.fail_json(
                msg="The apt mirror does not answer as an archive for this host; nothing was changed. "
                "Correct stack_apt_mirror (and common_apt_security_mirror on Debian), or leave it empty. "
                "apt says: " + complaint
            )
    if changed and not module.check_mode:
        if not text and not any(aside(name).exists() for name in DISTRIBUTION_FILES):
            module.fail_json(msg=f"No {aside(DISTRIBUTION_FILES[0])} is left to go back to.")
        if text:
            switch_to(path, text)
        else:
            switch_back(path)
        complaint = update()
        if complaint and text:
            switch_back(path)
            module.fail_json(
                msg="The apt mirror works alone, but not beside this host's other sources in "
                "/etc/apt/sources.list.d; the former state was put back. apt says: " + complaint
            )
        if complaint:
            module.fail_json(msg="The distribution's own apt sources are back, and fail: " + complaint)
    module.exit_json(
        changed=changed,
        diff={"before_header": str(path), "after_header": str(path), "before": before, "after": text},
    )


if __name__ == "__main__":
    main()
