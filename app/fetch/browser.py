"""Opens a link in Chromium and has the document exported: `python -m app.fetch.browser URL PROXY DIRECTORY`.

A process of its own, so that it can be ended with all that it started. Prints one JSON line: `path` and
`name` of the download, or `error`.
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

CHROMIUM = "/usr/bin/chromium"
# Steps of Tencent Docs' menu, Chinese or English: the file menu, "export as", the format.
STEPS = (
    re.compile(r"文件操作|更多|^\s*(file|more)\s*$", re.IGNORECASE),
    re.compile(r"导出为|^\s*(导出|下载|export as|export|download)\s*$", re.IGNORECASE),
    re.compile(r"excel|xlsx|本地.*表格|csv", re.IGNORECASE),
)
OPTIONS = (
    # The container is the sandbox: no capabilities, read-only, a user of its own.
    "--no-sandbox",
    # Nothing past the proxy: no names are resolved here, no UDP, and the loopback is not exempt.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--renderer-process-limit=1",
)
_PAGE_MS = 30_000
_STEP_MS = 15_000
_SETTLE_MS = 250


def main(url: str, proxy: str, directory: str) -> dict[str, Any]:
    """What became of it, for the one who waits."""
    from playwright.sync_api import Download, Page, sync_playwright
    from playwright.sync_api import Error as BrowserError

    downloads: list[Download] = []

    def found(page: Page, milliseconds: int) -> bool:
        end = time.monotonic() + milliseconds / 1000
        while not downloads and time.monotonic() < end:
            page.wait_for_timeout(_SETTLE_MS)
        return bool(downloads)

    def step(page: Page, label: re.Pattern[str]) -> bool:
        """Clicks what bears the label, once it is there; False when it does not come."""
        target = (
            page.get_by_role("button", name=label)
            .or_(page.get_by_role("menuitem", name=label))
            .or_(page.get_by_text(label))
        )
        try:
            target.first.click(timeout=_STEP_MS)
        except BrowserError:
            return False
        return True

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=list(OPTIONS),
            proxy={"server": proxy},
            downloads_path=directory,
        )
        context = browser.new_context(accept_downloads=True, service_workers="block")
        page = context.new_page()
        page.on("download", lambda download: downloads.append(download))
        try:
            page.goto(url, timeout=_PAGE_MS, wait_until="domcontentloaded")
        except BrowserError as error:
            # A link straight to a file is a download and no page.
            if not found(page, 1000):
                return {"error": f"the page did not open: {error.message.splitlines()[0]}"}
        for number, label in enumerate(STEPS):
            if downloads or (number == 0 and found(page, 1000)):
                break
            if not step(page, label):
                return {"error": f"the page offers no export (step {number + 1} of {len(STEPS)})"}
        if not found(page, _PAGE_MS):
            return {"error": "no file came after the export was asked for"}
        download = downloads[0]
        failure = download.failure()
        if failure:
            return {"error": f"the download failed: {failure}"}
        target = f"{directory}/document"
        download.save_as(target)
        return {"path": target, "name": download.suggested_filename}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")
