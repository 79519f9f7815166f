"""Jobs, users, tokens, activity and the system page, as an administrator uses them."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.e2e import documents, pages
from tests.e2e.chromium import Watch
from tests.e2e.conftest import Open
from tests.e2e.pages import JOB_MS
from tests.e2e.service import Service

PASSWORD = "correct horse battery"


def test_jobs_go_on_through_an_outage_of_the_service(page: Page, watch: Watch, tmp_path: Path) -> None:
    file = tmp_path / documents.unique_name("job", "csv")
    file.write_bytes(b"a,b\n1,2\n")
    pages.upload(page, file)
    pages.select(page, file.name)
    page.get_by_role("button", name="Export as zip").click()
    watch.expect(503, "/api/jobs")
    outage = {"left": 2}

    def answer(route: Route) -> None:
        outage["left"] -= 1
        if outage["left"] >= 0:
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    page.route(re.compile(r"/api/jobs(\?.*)?$"), answer)
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No contact with the service")
    job = page.locator(".job").first
    expect(job).to_contain_text("Export", timeout=JOB_MS)
    expect(job).to_contain_text("Done", timeout=JOB_MS)
    expect(page.get_by_role("alert")).to_have_count(0)
    job.get_by_role("link", name="Open result").click()
    expect(page.get_by_role("heading", level=1, name=re.compile(r"\.zip$"))).to_be_visible()


def test_a_new_user_logs_in_and_sees_what_the_role_allows(
    page: Page, open_page: Open, service: Service
) -> None:
    name = documents.unique_name("viewer", "x").replace(".", "-")
    page.get_by_role("link", name="Users", exact=True).click()
    page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog", name="Add user")
    dialog.get_by_role("textbox", name="User name").fill(name)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("combobox", name="Role").select_option("viewer")
    dialog.get_by_role("button", name="Add user").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("searchbox", name="Search users").fill(name)
    expect(pages.row(page, name)).to_contain_text("Active")

    theirs = open_page()
    theirs.goto(service.url)
    pages.fill_login(theirs, name, PASSWORD)
    expect(theirs.get_by_role("heading", level=1, name="Documents")).to_be_visible()
    expect(theirs.get_by_role("button", name="Upload files")).to_have_count(0)
    expect(theirs.get_by_role("link", name="Users", exact=True)).to_have_count(0)


def test_a_token_is_shown_once_used_and_revoked(page: Page) -> None:
    name = documents.unique_name("token", "x")
    page.get_by_role("link", name="Account", exact=True).last.click()
    page.get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog", name="Create token")
    dialog.get_by_role("textbox", name="Name").fill(name)
    dialog.get_by_role("button", name="Create token").click()
    shown = page.get_by_role("dialog", name="Your new token")
    token = shown.locator("code").inner_text()
    assert len(token) > 20
    shown.get_by_role("button", name="Close").click()
    status = page.evaluate(
        """async (token) => {
          const headers = { Authorization: `Bearer ${token}` };
          return (await fetch("/api/me", { credentials: "omit", headers })).status;
        }""",
        token,
    )
    assert status == 200
    page.get_by_role("button", name=f"Revoke {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text(name)).to_have_count(0)


def test_activity_is_filtered_and_goes_out_as_csv(page: Page) -> None:
    page.get_by_role("link", name="Activity", exact=True).click()
    page.get_by_role("combobox", name="Action").select_option("login")
    cells = page.get_by_role("table").get_by_role("rowheader")
    expect(cells.first).to_contain_text("Logged in")
    expect(cells.filter(has_not_text="Logged in")).to_have_count(0)
    content = pages.download(page, page.get_by_role("link", name="Download as csv")).decode("utf-8-sig")
    lines = content.splitlines()
    assert lines[0] == "at,user,action,object,object_name,address,request_id"
    assert {line.split(",")[2] for line in lines[1:]} == {"login"}


def test_the_theme_is_chosen_and_remembered(page: Page) -> None:
    page.get_by_role("button", name="Switch to dark").click()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(background)
    page.reload()
    expect(page.get_by_role("button", name="Switch to light")).to_be_visible()
    assert page.evaluate(background) == dark
    page.get_by_role("link", name="Account", exact=True).last.click()
    page.get_by_role("group", name="Appearance").get_by_text("System", exact=True).click()
    expect(page.get_by_role("button", name="Switch to dark")).to_be_visible()
    assert page.evaluate(background) != dark


def test_the_system_page_draws_what_monitoring_stored(page: Page) -> None:
    page.get_by_role("link", name="System", exact=True).click()
    expect(page.get_by_role("heading", level=2, name="Backups")).to_be_visible()
    for chart in ("CPU", "Memory", "Disk", "Response time", "Error rate", "Jobs waiting"):
        expect(page.get_by_role("img", name=re.compile(f"^{chart}: "))).to_be_visible()
    with page.expect_response(re.compile(r"/api/system\?hours=1$")):
        page.get_by_text("1 h", exact=True).click()
    expect(page.get_by_role("img", name=re.compile("^CPU: "))).to_be_visible()


def test_about_names_the_release_and_the_licences(page: Page) -> None:
    page.get_by_role("link", name="About", exact=True).click()
    expect(page.get_by_text("Release", exact=True)).to_be_visible()
    page.get_by_text("react-dom").click()
    expect(page.get_by_role("region", name="react-dom")).to_contain_text("Permission is hereby granted")
