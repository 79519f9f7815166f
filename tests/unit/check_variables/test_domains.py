"""A domain name that cannot work is explained, one that can passes."""

from __future__ import annotations

import pytest

from plugins.filter.domains import domain_problem


@pytest.mark.parametrize(
    "name", ["docs.company.com", "localhost", "a-b.example", "xn--fiqs8s.cn", "3com.com", "a" * 63 + ".org"]
)
def test_good_names(name: str) -> None:
    assert domain_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "empty"),
        ("Docs.Company.com", "docs.company.com"),
        ("https://docs.company.com/x", "leave out the scheme and the path; docs.company.com"),
        ("docs.company.com:8443", "leave out the port"),
        ("docs.company.com.", "dot at the end"),
        ("10.0.0.1", "IP address"),
        ("[2001:db8::1]", "IP address"),
        ("docs.1", "a number"),
        ("docs_new.company.com", "not '_'"),
        ("docs company.com", "not ' '"),
        ("文档.cn", "xn--"),
        ("-docs.company.com", "begins or ends"),
        ("docs-.company.com", "begins or ends"),
        ("docs..com", "two dots"),
        ("a" * 64 + ".com", "64 characters"),
        (".".join(["a" * 60] * 5), "304 characters"),
    ],
)
def test_bad_names_are_explained(name: str, part: str) -> None:
    assert part in domain_problem(name)
