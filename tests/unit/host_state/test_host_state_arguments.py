"""Every wrong argument is named, with what was expected, before anything is sent to a host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.modules import host_state
from plugins.plugin_utils.host_state.arguments import OPTIONS, Wanted, read_arguments
from plugins.plugin_utils.host_state.checks import ArgumentError
from plugins.plugin_utils.host_state.contents import ContentError, Contents


def read(**arguments: Any) -> Wanted:
    """Read arguments; templates render to their name."""
    contents = Contents(lambda name, extra, path: f"{name} {dict(extra)}", lambda folder, name: name)
    return read_arguments({"name": "demo", **arguments}, contents, "prefix")


WRONG = [
    ({"name": "a/b"}, "name: expected letters, digits, - and _, found 'a/b'"),
    ({"filez": []}, "host_state: unknown key filez: did you mean files?"),
    ({"files": {}, "directories": {"path": "/a"}}, "directories: expected a list, found dict"),
    ({"files": ["/a"]}, r"files\[0\]: expected a mapping, found str"),
    (
        {"files": [{"path": "/a", "contents": "x"}]},
        r"files\[0\]: unknown key contents: did you mean content\?",
    ),
    ({"files": [{"path": "/a"}]}, r"files\[0\] /a: expected one of template, content, src; found none"),
    ({"files": [{"path": "/a", "content": "", "src": "b"}]}, "found content and src"),
    ({"files": [{"path": "etc/a", "content": ""}]}, r"files\[0\]: expected an absolute path, found 'etc/a'"),
    ({"files": [{"path": "/a/../b", "content": ""}]}, "expected a path without . and .."),
    ({"files": [{"path": "/a", "content": "", "mode": 420}]}, "/a: mode 420 is a number: quote it"),
    ({"files": [{"path": "/a", "content": "", "mode": "u+x"}]}, "expected an octal mode such as '0644'"),
    ({"files": [{"path": "/a", "content": "", "owner": ""}]}, "owner is a name or a number, found ''"),
    ({"files": [{"path": "/a", "content": "", "owner": True}]}, "owner is a name or a number, found True"),
    ({"files": [{"path": "/a", "content": "", "force": "no"}]}, "force is true or false, found 'no'"),
    ({"files": [{"path": "/a", "content": "", "validate": "sshd -t"}]}, "validate needs %s"),
    (
        {"directories": [{"path": "/a"}, {"path": "/a/"}]},
        r"directories\[1\]: /a is already listed in directories\[0\]",
    ),
    (
        {"directories": [{"path": "/a/b"}], "absent": ["/a/b"]},
        r"/a/b would remove /a/b, which directories\[0\] holds",
    ),
    ({"directories": [{"path": "/o/a/b"}], "absent": ["/o/a"]}, "/o/a would remove /o/a/b"),
    ({"absent": ["/usr"]}, "absent: /usr is a top-level directory: refused"),
    ({"absent": "/usr/x"}, "absent: expected a list of texts"),
    ({"links": [{"path": "/a"}]}, r"links\[0\]: target is needed as text, found None"),
    ({"secrets": [{"path": "/a", "length": 8}]}, "length 8 is too short for a secret: at least 16"),
    ({"units": [{"name": "nginx"}]}, "expected a full unit name such as nginx.service"),
    (
        {"units": [{"name": "a.service", "state": "restarted"}]},
        "state is started or stopped, found 'restarted'",
    ),
    ({"users": [{"uid": 3}]}, r"users\[0\]: name is needed as text"),
    ({"groups": [{"name": "a", "gid": "x"}]}, "gid is a number, found 'x'"),
    ({"sysctl": {"vm.swappiness": True}}, "sysctl vm.swappiness: expected a text or a number"),
    ({"triggers": {"reload": "/etc/a"}}, "triggers reload: expected a list of texts"),
    ({"validations": [{"root": "/a", "command": "true"}]}, "command needs %s"),
    ({"acknowledge": ["a"], "files": []}, "acknowledge stands alone with name; also given: files"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        read(**arguments)


def test_content_that_is_no_text_is_refused() -> None:
    with pytest.raises(ContentError, match=r"files\[0\]: content is text, found dict: quote it, or use"):
        read(files=[{"path": "/a", "content": {"a": 1}}])


def test_numbers_that_templating_made_text_are_numbers() -> None:
    (directory,) = read(directories=[{"path": "/a//b/", "owner": "10001", "group": 7}]).manifest[
        "directories"
    ]
    assert (directory["owner"], directory["group"], directory["path"]) == (10001, 7, "/a/b")


def test_sensitive_files_are_private_unless_said_otherwise() -> None:
    entry = {"path": "/a", "content": ""}
    modes = [
        read(files=[dict(entry, **further)]).manifest["files"][0]["mode"]
        for further in ({}, {"sensitive": True}, {"substitute": True}, {"sensitive": True, "mode": "0440"})
    ]
    assert modes == [0o644, 0o600, 0o600, 0o440]


def test_templates_get_their_own_variables() -> None:
    (file,) = read(files=[{"path": "/a", "template": "t.j2", "vars": {"x": 1}}]).manifest["files"]
    assert file["content"] == "t.j2 {'x': 1}"


def test_kernel_parameters_get_a_file_of_their_own() -> None:
    manifest = read(sysctl={"vm.swappiness": 10, "a.b": "c"}).manifest
    (file,) = manifest["files"]
    assert file["path"] == "/etc/sysctl.d/60-prefix-demo.conf"
    assert file["content"].splitlines()[1:] == ["a.b = c", "vm.swappiness = 10"]


def test_text_travels_with_the_arguments_and_the_rest_by_checksum(tmp_path: Path) -> None:
    for name, content in (("text", b"a"), ("binary", b"\xff\x00"), ("big", b"a" * 200_000)):
        (tmp_path / name).write_bytes(content)
    wanted = read(
        files=[{"path": f"/{name}", "src": str(tmp_path / name)} for name in ("text", "binary", "big")]
    )
    assert [file["content"] for file in wanted.manifest["files"]] == ["a", None, None]
    assert sorted(wanted.sources.values()) == [str(tmp_path / "big"), str(tmp_path / "binary")]


def test_a_source_that_is_missing_is_named() -> None:
    with pytest.raises(ContentError, match=r"files\[0\]: /no/such is not a file of the controller"):
        read(files=[{"path": "/a", "src": "/no/such"}])


def test_an_empty_acknowledgement_does_not_hold_an_empty_state() -> None:
    assert read(acknowledge=[]).only_acknowledges is True


def test_documentation_module_and_action_plugin_know_the_same_options() -> None:
    documented = yaml.safe_load(host_state.DOCUMENTATION)["options"]
    assert list(documented) == list(host_state.OPTIONS)
    assert sorted(documented) == sorted(OPTIONS)
    for name, option in host_state.OPTIONS.items():
        assert documented[name]["type"] == option["type"]
        assert documented[name].get("default") == option.get("default")
