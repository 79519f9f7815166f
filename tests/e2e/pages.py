"""What a person does on the pages, in either language."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.service import Service

# Chromium's own limit of patience for one step; a busy machine starts the worker's job late.
JOB_MS = 60_000


def log_in(page: Page, service: Service) -> None:
    """From anywhere without a session to the documents, by keyboard."""
    page.goto(service.url)
    fill_login(page, service.user, service.password)
    expect(page.get_by_role("heading", level=1, name=re.compile("^(Documents|文档)$"))).to_be_visible()


def fill_login(page: Page, user: str, password: str) -> None:
    page.get_by_role("textbox", name=re.compile("User name|用户名")).fill(user)
    field = page.locator("input[name=password]")
    field.fill(password)
    field.press("Enter")


def upload(page: Page, *files: Path) -> None:
    """Uploads through the page's file input and waits until each file is in the list."""
    page.locator("input[type=file]").set_input_files(list(files))
    for file in files:
        expect(row(page, file.name)).to_be_visible(timeout=JOB_MS)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def select(page: Page, name: str) -> None:
    row(page, name).get_by_role("checkbox").check()


def download(page: Page, link: Locator) -> bytes:
    with page.expect_download() as started:
        link.click()
    return started.value.path().read_bytes()
