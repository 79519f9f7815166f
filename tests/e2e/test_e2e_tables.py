"""Tables: found by a cell, looked at, compared; versions, tags and the trash."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e import documents, pages
from tests.e2e.pages import JOB_MS


def test_a_table_is_found_by_a_cell_and_opened_at_its_row(page: Page, tmp_path: Path) -> None:
    word = documents.unique_name("Zellentext", "x").replace(".", "").replace("-", "")
    file = tmp_path / documents.unique_name("search")
    file.write_bytes(documents.budget(300, row217=word))
    pages.upload(page, file)

    # Cells are indexed behind the upload's back: search until they are.
    box = page.get_by_role("searchbox", name="Search names, tags and cells")
    row = pages.row(page, file.name)
    match = row.get_by_role("link", name=re.compile(word))
    for _ in range(20):
        box.fill(word)
        page.wait_for_timeout(800)
        if match.count():
            break
        box.fill("")
        page.wait_for_timeout(400)
    expect(row.locator("mark")).to_have_text(word)
    expect(match).to_contain_text("预算, row 218")
    match.click()

    expect(page.get_by_role("heading", level=1, name=file.name)).to_be_visible()
    grid = page.get_by_role("table", name=re.compile("预算"))
    expect(grid.get_by_role("row").filter(has_text=word)).to_be_visible()
    expect(page.get_by_text("301 rows")).to_be_visible()
    page.get_by_role("spinbutton", name="Go to row").fill("301")
    page.keyboard.press("Enter")
    expect(grid.get_by_role("row").filter(has_text="部门 300")).to_be_visible()


def test_two_versions_are_compared_and_the_keyboard_walks_the_changes(page: Page, tmp_path: Path) -> None:
    file = tmp_path / documents.unique_name("versions")
    file.write_bytes(documents.budget())
    pages.upload(page, file)
    page.get_by_role("link", name=file.name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=file.name)).to_be_visible()
    file.write_bytes(documents.budget(row7=701, row40=4001))
    page.locator("input[type=file]").set_input_files(file)
    versions = page.get_by_role("region", name="Versions")
    expect(versions.get_by_role("listitem")).to_have_count(2, timeout=JOB_MS)
    expect(versions.get_by_role("listitem").first).to_contain_text("Current")

    versions.get_by_role("link", name="Compare version 2 with version 1").click()
    page.get_by_role("combobox", name="Match rows by").select_option("编号")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("list", name="What changed")).to_contain_text("2rows changed", timeout=JOB_MS)
    before = page.get_by_role("table", name=re.compile("^Before"))
    after = page.get_by_role("table", name=re.compile("^After"))
    expect(before.locator(".diff-cell")).to_have_text(["700", "4000"])
    expect(after.locator(".diff-cell")).to_have_text(["701", "4001"])

    page.keyboard.press("n")
    expect(page.get_by_text("Change 1 of 2")).to_be_visible()
    expect(after.locator(".diff-current")).to_contain_text("701")
    page.get_by_text("All rows").click()
    page.keyboard.press("n")
    expect(page.get_by_text("Change 2 of 2")).to_be_visible()
    expect(after.locator(".diff-current")).to_contain_text("4001")
    page.keyboard.press("p")
    expect(after.locator(".diff-current")).to_contain_text("701")


def test_tags_are_given_to_many_and_the_trash_gives_back(page: Page, tmp_path: Path) -> None:
    files = [tmp_path / documents.unique_name(f"bulk{n}", "csv") for n in (1, 2)]
    for file in files:
        file.write_bytes(b"a,b\n1,2\n")
    pages.upload(page, *files)
    tag = documents.unique_name("t", "x")[:9]

    for file in files:
        pages.select(page, file.name)
    bulk(page, "Add tags")
    page.get_by_role("textbox", name="Tags").fill(tag)
    page.get_by_role("button", name="Add", exact=True).click()
    for file in files:
        expect(pages.row(page, file.name)).to_contain_text(tag, timeout=JOB_MS)

    for file in files:
        pages.select(page, file.name)
    bulk(page, "Move to trash")
    for file in files:
        expect(pages.row(page, file.name)).to_have_count(0, timeout=JOB_MS)
    page.get_by_text("Trash", exact=True).click()
    first = pages.row(page, files[0].name)
    expect(first).to_be_visible()
    page.get_by_role("button", name=f"Restore {files[0].name}").click()
    expect(first).to_have_count(0)
    page.get_by_text("Documents", exact=True).locator("visible=true").last.click()
    expect(pages.row(page, files[0].name)).to_be_visible()


def bulk(page: Page, action: str) -> None:
    page.get_by_role("region", name="Selected documents").get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=action).click()
