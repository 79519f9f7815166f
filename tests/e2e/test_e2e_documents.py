"""Documents from upload to export, through the page."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e import documents, pages
from tests.e2e.chromium import Watch
from tests.e2e.pages import JOB_MS
from tests.e2e.service import Service


def stored(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_a_workbook_comes_back_byte_for_byte(page: Page, tmp_path: Path) -> None:
    content = documents.workbook()
    file = stored(tmp_path, documents.unique_name("三季度预算"), content)
    pages.upload(page, file)
    expect(page.get_by_role("region", name="Uploads and exports").get_by_role("listitem")).to_contain_text(
        "Uploaded"
    )

    page.reload()
    expect(pages.row(page, file.name)).to_contain_text(f"{len(content) / 1024:.1f} kB")
    received = pages.download(page, page.get_by_role("link", name=f"Download {file.name}"))
    assert received == content, f"uploaded {len(content)} bytes, downloaded {len(received)}"


def test_an_export_holds_exactly_the_selected_documents(page: Page, tmp_path: Path) -> None:
    files = [stored(tmp_path, documents.unique_name(f"报表{n}"), documents.workbook(20)) for n in (1, 2)]
    left_out = stored(tmp_path, documents.unique_name("other", "csv"), b"a,b\n1,2\n")
    pages.upload(page, *files, left_out)
    for file in files:
        pages.select(page, file.name)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Export as zip").click()

    export = page.get_by_role("listitem").filter(has_text="Export of 2 documents")
    expect(export).to_contain_text("Ready", timeout=JOB_MS)
    archive = zipfile.ZipFile(
        io.BytesIO(pages.download(page, export.get_by_role("link", name="Download zip")))
    )
    contents = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(contents.pop("manifest.json"))
    assert contents == {file.name: file.read_bytes() for file in files}
    assert {entry["sha256"] for entry in manifest["documents"]} == {
        hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
    # The result is a document like any other, at the top of the list, and the selection is spent.
    expect(page.locator("tbody tr").first).to_contain_text(re.compile(r"export-.*\.zip"))
    expect(page.get_by_role("button", name="Export as zip")).to_be_hidden()


def test_an_export_is_followed_again_after_a_reload(page: Page, tmp_path: Path) -> None:
    file = stored(tmp_path, documents.unique_name("reload"), documents.workbook(20))
    pages.upload(page, file)
    pages.select(page, file.name)
    with page.expect_response(lambda response: response.url.endswith("/api/jobs") and response.status == 202):
        page.get_by_role("button", name="Export as zip").click()
    expect(page.get_by_text("Export of 1 document")).to_be_visible()
    page.reload()
    export = page.get_by_role("listitem").filter(has_text="Export of 1 document")
    expect(export).to_contain_text("Ready", timeout=JOB_MS)
    export.get_by_role("button", name="Remove Export of 1 document from this list").click()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Documents")).to_be_visible()
    expect(page.get_by_text("Export of 1 document")).to_have_count(0)


def test_a_refused_upload_says_why_and_can_be_dismissed(page: Page, watch: Watch, tmp_path: Path) -> None:
    watch.expect(422, "/api/upload")
    name = documents.unique_name("empty", "csv")
    with page.expect_response("**/api/upload") as answered:
        page.locator("input[type=file]").set_input_files(stored(tmp_path, name, b""))
    item = page.get_by_role("listitem").filter(has_text=name)
    expect(item).to_contain_text("Upload failed")
    expect(item).to_contain_text(answered.value.json()["detail"])
    expect(item).to_contain_text(answered.value.json()["request_id"])
    expect(item.get_by_role("button", name=f"Upload {name} again")).to_be_visible()
    item.get_by_role("button", name=f"Remove {name} from this list").click()
    expect(page.get_by_text(name)).to_have_count(0)


def test_an_upload_goes_on_by_itself_when_the_line_is_back(page: Page, watch: Watch, tmp_path: Path) -> None:
    file = stored(tmp_path, documents.unique_name("again"), documents.workbook(20))
    page.context.set_offline(True)
    page.locator("input[type=file]").set_input_files(file)
    item = page.get_by_role("listitem").filter(has_text=file.name)
    expect(item).to_contain_text("No answer from the service")
    expect(item).to_contain_text("Trying again soon")
    # Nobody presses anything: the line is back, the upload goes on.
    page.context.set_offline(False)
    expect(item).to_contain_text("Uploaded")
    expect(pages.row(page, file.name)).to_be_visible()
    # Chromium's own line about the request that had no line.
    watch.errors[:] = [error for error in watch.errors if "ERR_INTERNET_DISCONNECTED" not in error]


def test_files_can_be_dropped_on_the_page(page: Page) -> None:
    name = documents.unique_name("dropped", "csv")
    transfer = page.evaluate_handle(
        """(name) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(["项目,金额\\n一,1\\n"], name, { type: "text/csv" }));
          return transfer;
        }""",
        name,
    )
    page.locator("main").dispatch_event("dragenter", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload")).to_be_visible()
    page.locator("main").dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload")).to_be_hidden()
    expect(pages.row(page, name)).to_be_visible()


def test_everything_is_done_by_keyboard(page: Page, tmp_path: Path, service: Service) -> None:
    file = stored(tmp_path, documents.unique_name("keyboard"), documents.workbook(20))
    pages.upload(page, file)
    page.goto(f"{service.url}/documents")
    expect(pages.row(page, file.name)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    with page.expect_file_chooser():
        tab_to(page, "Upload files")
        page.keyboard.press("Enter")
    tab_to(page, f"Select {file.name}")
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()
    tab_to(page, "Export as zip")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="Export of 1 document")).to_contain_text(
        "Ready", timeout=JOB_MS
    )


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the focus is on what is called `name`."""
    passed = []
    for _ in range(400):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "document.activeElement.ariaLabel || document.activeElement.textContent.trim()"
        )
        if focused == name:
            return
        passed.append(focused)
    raise AssertionError(f"Tab never reached {name!r}; it passed {passed[:20]}")
