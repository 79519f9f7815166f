"""Rendering of templates with Ansible's own engine, and the search for templates and files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.template import trust_as_template

from plugins.plugin_utils.host_state.contents import ContentError

PROJECT = Path(__file__).resolve().parents[3]
# The same as ansible.builtin.template: a template renders alike by both.
_OVERRIDES = {"trim_blocks": True, "lstrip_blocks": False}


class Renderer:
    """Renders and finds what the entries of one task name.

    Searched in this order: the role's folder (and the other places that Ansible searches), the project.
    """

    def __init__(self, action: Any, task_vars: Mapping[str, Any]) -> None:
        self._action = action
        self._task_vars = task_vars

    def find(self, folder: str, name: str) -> str:
        """Return the local path of a file or directory. Raises ContentError."""
        try:
            return str(self._action._find_needle(folder, name))
        except AnsibleError:
            path = PROJECT / folder / name
            if path.exists():
                return str(path)
            searched = [*map(str, self._action._task.get_search_path()), str(PROJECT)]
            raise ContentError(
                f"{folder[:-1]} {name} is in none of these, nor in their {folder}/: {', '.join(searched)}"
            ) from None

    def render(self, name: str, extra: Mapping[str, Any], destination: str) -> str:
        """Return the text of a template. Raises ContentError with its name and line."""
        path = self.find("templates", name)
        variables = dict(self._task_vars)
        variables.setdefault("ansible_managed", "Ansible managed")
        variables.update(template_path=name, template_fullpath=path, template_destpath=destination)
        variables.update(extra)
        templar = self._action._templar.copy_with_new_env(
            searchpath=self._search_path(path), available_variables=variables
        )
        source = trust_as_template(self._action._loader.get_text_file_contents(path))
        try:
            text = templar.template(source, escape_backslashes=False, overrides=_OVERRIDES)
        except Exception as error:  # whatever a filter or a lookup in the template raises
            raise ContentError(
                f"template {name}{_where(error, source)} ({path}): {_reason(error)}"
            ) from error
        return "" if text is None else str(text)

    def _search_path(self, path: str) -> list[str]:
        folders = [*map(str, self._action._task.get_search_path()), str(PROJECT)]
        return [str(Path(path).parent)] + [
            place for folder in folders for place in (f"{folder}/templates", folder)
        ]


def _where(error: BaseException, text: str) -> str:
    """Return ", line N" for a syntax error, else ", line N" of each line with the name that the error quotes.

    Ansible defers an undefined name to where the value is used, by then Jinja no longer knows the line.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(number := getattr(cause, "lineno", None), int):
            return f", line {number}"
        cause = cause.__cause__ or cause.__context__
    names = [re.escape(name.rpartition(".")[2]) for name in re.findall(r"'([\w.]+)'", _reason(error))]
    lines = text.splitlines()
    for name in reversed(names):
        pattern = re.compile(rf"\{{[{{%].*\b{name}\b")
        if found := [str(number) for number, line in enumerate(lines, 1) if pattern.search(line)]:
            return f", line {' or '.join(found)}"
    return ""


def _reason(error: BaseException) -> str:
    return str(getattr(error, "message", "") or error)
