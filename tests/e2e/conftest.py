"""Fixtures: the service, the browser that verifies its certificate, watched pages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.e2e import chromium, pages
from tests.e2e.chromium import Watch
from tests.e2e.service import ROOT, Service, ServiceMissing, find

LAPTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
SIZES: dict[str, dict[str, Any]] = {"laptop": LAPTOP, "phone": PHONE}

SCREENSHOTS = ROOT / "build" / "screenshots"
STEP_MS = 15_000

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def service() -> Service:
    try:
        found = find()
        found.require()
    except ServiceMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if not chromium.EXECUTABLE.exists() or shutil.which("certutil") is None:
        pytest.fail("chromium or certutil is not installed; run scripts/browser-deps", pytrace=False)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(
    playwright: Playwright, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Trusts the service's CA; ignores no certificate error."""
    launched = chromium.launch(playwright.chromium, tmp_path_factory.mktemp("home"), service, trusting=True)
    yield launched
    launched.close()


@pytest.fixture
def watch(service: Service) -> Iterator[Watch]:
    """Fails the test when a page of `open_page` logged an error, asked a stranger or broke the policy."""
    found = Watch(service.url)
    # "Who am I" before the login, which the page has to ask.
    found.expect(401, "/api/me")
    yield found
    found.require_clean()


@pytest.fixture
def open_page(browser: Browser, watch: Watch) -> Iterator[Open]:
    """Opens a page in a context of its own; keyword arguments are the context's (`locale`, ...)."""
    with ExitStack() as open_contexts:

        def open_one(**options: Any) -> Page:
            context = browser.new_context(**{"locale": "en-US", **LAPTOP, **options})
            open_contexts.callback(context.close)
            context.set_default_timeout(STEP_MS)
            watch.attach(context)
            return context.new_page()

        yield open_one


@pytest.fixture
def page(open_page: Open, service: Service) -> Page:
    """The documents page in English on a laptop, logged in."""
    opened = open_page()
    pages.log_in(opened, service)
    return opened


@pytest.fixture(scope="session")
def screenshots() -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, the accessibility checker, at the front end's locked version."""
    subprocess.run([ROOT / "scripts" / "frontend-deps"], check=True)
    return (ROOT / "app/frontend/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
