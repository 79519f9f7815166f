"""Names with a role's prefix that no role defines are found, with the nearest name that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.action.check_variables import defined_variables, misspelt_prefixes, role_of, unknown_variables

KNOWN = {
    "base": frozenset({"base_path"}),
    "base_image": frozenset({"base_image_source", "__base_image_private"}),
    "nginx": frozenset({"nginx_upload_max_mb", "nginx_image"}),
}


def test_known_and_foreign_names_pass() -> None:
    assert unknown_variables(["nginx_image", "ansible_host", "my_nginx_thing", "__nginx_x"], KNOWN) == []


def test_a_misspelt_name_is_named_with_the_nearest() -> None:
    assert unknown_variables(["nginx_uplaod_max_mb"], KNOWN) == [
        "nginx_uplaod_max_mb is no variable of role nginx. Did you mean nginx_upload_max_mb?"
    ]


def test_a_name_like_nothing_has_no_suggestion() -> None:
    assert unknown_variables(["nginx_zzz"], KNOWN) == ["nginx_zzz is no variable of role nginx."]


def test_the_longest_prefix_decides() -> None:
    assert role_of("base_image_source", KNOWN) == "base_image"
    assert role_of("base_imagesource", KNOWN) == "base"
    assert role_of("image_base", KNOWN) is None


def test_a_misspelt_prefix_is_worth_a_warning_and_other_names_are_not() -> None:
    assert misspelt_prefixes(["ngnix_upload_max_mb", "ansible_user", "upload"], KNOWN) == [
        "ngnix_upload_max_mb is no variable of any role. Did you mean nginx_upload_max_mb?"
    ]


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    for path, text in (
        ("meta/argument_specs.yml", "argument_specs: {main: {options: {web_port: {type: int}}}, other: {}}"),
        ("vars/main.yml", "web_packages: []\n__web_private: 1\n"),
    ):
        (web / path).parent.mkdir(parents=True)
        (web / path).write_text(text, encoding="utf-8")
    (tmp_path / "begun/meta").mkdir(parents=True)
    return tmp_path


def test_specs_and_role_vars_are_known_and_a_role_without_specs_is_left_out(roles: Path) -> None:
    assert defined_variables(roles) == {"web": frozenset({"web_port", "web_packages", "__web_private"})}
