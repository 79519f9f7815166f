"""Logging in and out, and the choice of language."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.e2e.chromium import Watch
from tests.e2e.conftest import Open
from tests.e2e.service import Service


def test_a_wrong_password_is_told_with_the_request_id(
    open_page: Open, service: Service, watch: Watch
) -> None:
    watch.expect(401, "/api/login")
    page = open_page()
    page.goto(service.url)
    with page.expect_response("**/api/login") as answered:
        pages.fill_login(page, service.user, "not-" + service.password)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("User name or password is wrong")
    expect(alert).to_contain_text(answered.value.json()["request_id"])

    pages.fill_login(page, service.user, service.password)
    expect(page.get_by_role("heading", level=1, name="Documents")).to_be_visible()
    expect(alert).to_be_hidden()


def test_log_in_reload_and_log_out(open_page: Open, service: Service) -> None:
    page = open_page()
    pages.log_in(page, service)
    expect(page).to_have_url(f"{service.url}/documents")
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Documents")).to_be_visible()
    expect(page.get_by_text(service.user, exact=True).first).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_session_that_ended_elsewhere_leads_back_to_the_login(
    open_page: Open, service: Service, watch: Watch
) -> None:
    watch.expect(401, "/api/jobs")
    page = open_page()
    pages.log_in(page, service)
    page.context.clear_cookies()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()

    pages.fill_login(page, service.user, service.password)
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "language", "button"), [("zh-CN", "zh-CN", "登录"), ("fr-FR", "en", "Log in")]
)
def test_the_browsers_language_is_the_default(
    open_page: Open, service: Service, locale: str, language: str, button: str
) -> None:
    page = open_page(locale=locale)
    page.goto(service.url)
    expect(page.get_by_role("button", name=button, exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)


def test_the_language_switch_is_remembered(open_page: Open, service: Service) -> None:
    page = open_page()
    pages.log_in(page, service)
    page.get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="文档")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page).to_have_title(re.compile("文档"))
    page.reload()
    expect(page.get_by_role("heading", level=1, name="文档")).to_be_visible()

    page.get_by_role("radio", name="中文").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1, name="Documents")).to_be_visible()


def test_the_system_page_shows_every_part(page: Page, service: Service) -> None:
    page.get_by_role("link", name="System", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="System")).to_be_visible()
    expect(page).to_have_url(f"{service.url}/system")
    for part in ("Database", "Cache", "Job queue", "Worker", "Disk"):
        item = page.get_by_role("listitem").filter(has=page.get_by_text(part, exact=True))
        expect(item).to_contain_text("Normal")
    expect(page.get_by_text("All systems normal").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Documents")).to_be_visible()


def test_an_unknown_address_says_so(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/nowhere")
    expect(page.get_by_role("heading", level=1, name="There is no page here")).to_be_visible()
    page.get_by_role("link", name="Go to the documents").click()
    expect(page.get_by_role("heading", level=1, name="Documents")).to_be_visible()
