"""Both sizes, languages and colour schemes: nothing is cut off, axe finds nothing, and pictures are kept.

The pictures are in build/screenshots/, for people to look at.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import documents, pages
from tests.e2e.conftest import SIZES, Open
from tests.e2e.service import Service

SETTLED = """() => Promise.all(
  document.getAnimations()
    .filter((animation) => animation.effect.getTiming().iterations !== Infinity)
    .map((animation) => animation.finished.catch(() => undefined)))
    .then(() => undefined)"""
# What each page shows when it is there.
PAGES = {
    "documents?view=trash": ".toolbar",
    "compare": ".compare-form",
    "jobs": ".job",
    "activity": "tbody tr",
    "users": "tbody tr",
    "account": ".panel",
    "about": ".licences li",
    "nowhere": ".empty",
}
LOOKS = [
    ("laptop", "en-US", "light"),
    ("laptop", "zh-CN", "dark"),
    ("phone", "zh-CN", "light"),
    ("phone", "en-US", "dark"),
]


@pytest.mark.parametrize(("size", "locale", "scheme"), LOOKS)
def test_every_page_looks_right(
    open_page: Open,
    service: Service,
    axe: str,
    screenshots: Path,
    tmp_path: Path,
    size: str,
    locale: str,
    scheme: str,
) -> None:
    look = f"{size}-{locale[:2]}-{scheme}"
    page = open_page(locale=locale, color_scheme=scheme, **SIZES[size])

    def keep(name: str) -> None:
        require_no_overflow(page, name)
        page.screenshot(path=screenshots / f"{name}-{look}.png")
        require_accessible(page, axe, name)

    page.goto(service.url)
    expect(page.locator("form")).to_be_visible()
    keep("login")

    pages.fill_login(page, service.user, service.password)
    name = documents.unique_name("2026年第三季度各部门预算执行情况汇总表（含差旅与外包明细）")
    file = tmp_path / name
    file.write_bytes(documents.workbook(20))
    pages.upload(page, file)
    keep("documents")

    pages.select(page, name)
    keep("selection")

    page.get_by_role("button", name="Export as zip" if locale == "en-US" else "导出为 zip").click()
    expect(page.locator("[data-phase=succeeded]").first).to_be_visible(timeout=pages.JOB_MS)
    keep("export")

    if size == "phone":
        page.get_by_role("button", name="Menu" if locale == "en-US" else "菜单").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        keep("menu")
    navigation = page.get_by_role("navigation").locator("visible=true")
    navigation.get_by_role("link", name="System" if locale == "en-US" else "系统状态").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".checks")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(6)
    keep("system")

    for path, shown in PAGES.items():
        page.goto(f"{service.url}/{path}")
        expect(page.locator(shown).first).to_be_visible()
        keep(re.sub(r"\W+", "-", path))
    page.goto(f"{service.url}/documents")
    pages.row(page, name).get_by_role("link", name=name, exact=True).click()
    expect(page.locator(".grid-row").nth(2)).to_be_visible()
    keep("document")


def require_no_overflow(page: Page, name: str) -> None:
    width, room = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= room, f"{name} is {width} px wide on a screen of {room} px"


def require_accessible(page: Page, axe: str, name: str) -> None:
    # Colours that are still fading are no one's choice.
    page.evaluate(SETTLED)
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    told = "\n".join(
        f"{violation['id']}: {violation['help']}\n    "
        + "\n    ".join(node["html"] for node in violation["nodes"])
        for violation in found
    )
    assert not found, f"axe on {name}:\n{told}"
