"""Fetching a document by its link with a real browser, and what that browser must not reach."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.factory import Application
from app.fetch.guard import Forbidden, Guard, is_public
from app.fetch.proxy import Proxy
from app.jobs import fetch, lifecycle
from app.models import User
from app.services import Services
from app.storage import FileStore
from tests.unit.app.shared_document import CONTENT, Site, serving
from tests.unit.app.work import download

PUBLIC = "93.184.216.34"
HOSTS = ("docs.test", "*.docs.test")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield server


@dataclass
class Internet:
    """Names of the test, and the site at the public address."""

    site: Site
    dialled: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def resolve(self, host: str, _port: int) -> list[str]:
        self.questions.append(host)
        if host == "inside.docs.test":
            return ["10.0.0.7"]
        if host == "rebind.docs.test":
            return [PUBLIC] if self.questions.count(host) == 1 else ["127.0.0.1"]
        if not host.endswith("docs.test"):
            raise OSError(f"{host} is not known")
        return [PUBLIC]

    def dial(self, address: str, _port: int) -> socket.socket:
        self.dialled.append(address)
        return socket.create_connection(("127.0.0.1", self.site.server_port), timeout=5)


@dataclass
class Fetcher:
    services: Services
    internet: Internet

    def claim(self, url: str) -> lifecycle.Claim:
        with self.services.database.write() as session:
            owner = session.query(User).filter_by(username="editor").one()
            job = lifecycle.create(session, "fetch", owner.id, {"url": url}, None)
        with self.services.database.write() as session:
            held = lifecycle.claim(session, job.id)
        assert held is not None
        return held

    def run(self, url: str, limit: int = 50_000_000) -> tuple[str, Proxy]:
        """The status of the job or the reason of its refusal, and the proxy that was used."""
        guard = Guard(HOSTS, self.internet.resolve)
        proxy = Proxy(guard, limit, self.internet.dial)
        held = self.claim(url)
        try:
            fetch.fetch(self.services, held, lambda _: None, guard, proxy)
        except lifecycle.Refused as refusal:
            return str(refusal), proxy
        finally:
            assert [entry.name for entry in self.services.config.tmp_dir.iterdir()] == []
        return "fetched", proxy


@pytest.fixture
def fetcher(services: Services, app: Application, site: Site) -> Iterator[Fetcher]:
    """With temporary files at a path as short as a server's: Chromium's sockets need it."""
    with tempfile.TemporaryDirectory(prefix="t") as short:
        config = dataclasses.replace(services.config, data_dir=Path(short))
        (Path(short) / "tmp").mkdir()
        files = FileStore(services.config.files_dir, Path(short) / "tmp")
        # Files are renamed within one file system, as on a server.
        yield Fetcher(dataclasses.replace(services, config=config, files=files), Internet(site))


def test_a_shared_document_is_exported_through_its_menu(fetcher: Fetcher, client: FlaskClient) -> None:
    assert fetcher.run("http://docs.test/sheet")[0] == "fetched"
    (found,) = client.get("/api/documents").get_json()["items"]
    assert (found["name"], found["owner"]) == ("库存.xlsx", "editor")
    assert download(client, found["id"]) == CONTENT
    assert set(fetcher.internet.dialled) == {PUBLIC}


def test_a_link_straight_to_a_file_works_too(fetcher: Fetcher, client: FlaskClient) -> None:
    assert fetcher.run("http://docs.test/export.xlsx")[0] == "fetched"
    assert client.get("/api/documents").get_json()["items"][0]["name"] == "库存.xlsx"


def test_a_page_that_tries_its_surroundings_reaches_nothing(fetcher: Fetcher, site: Site) -> None:
    told, proxy = fetcher.run("http://docs.test/traps")
    assert told == "fetched"
    assert [path for path in site.asked if "secret" in path or "meta-data" in path] == []
    assert set(fetcher.internet.dialled) == {PUBLIC}
    for host in ("127.0.0.1", "169.254.169.254", "inside.docs.test", "localhost"):
        assert any(host in line for line in proxy.refused), (host, proxy.refused)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("to-metadata", "169.254.169.254"),
        ("to-elsewhere", "elsewhere.example"),
        ("to-inside", "inside.docs.test leads to 10.0.0.7"),
    ],
)
def test_redirects_lead_nowhere_else(fetcher: Fetcher, site: Site, path: str, host: str) -> None:
    told, proxy = fetcher.run(f"http://docs.test/{path}")
    assert host in told, told
    assert len(site.asked) == 1
    assert any(host in line for line in proxy.refused)


def test_a_name_that_changes_its_address_is_followed_nowhere(fetcher: Fetcher, site: Site) -> None:
    """The first question is that of the check of the link, the second that of the connection."""
    told, _ = fetcher.run("http://rebind.docs.test/secret")
    assert "rebind.docs.test leads to 127.0.0.1" in told
    assert site.asked == []
    assert fetcher.internet.questions.count("rebind.docs.test") > 1


def test_what_is_larger_than_a_document_may_be_is_cut_off(fetcher: Fetcher) -> None:
    started = time.monotonic()
    told, proxy = fetcher.run("http://docs.test/huge", limit=3_000_000)
    assert "larger than one document may be" in told
    assert proxy.exhausted
    assert time.monotonic() - started < 30


def test_a_page_without_an_export_says_so(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 5)
    told, _ = fetcher.run("http://docs.test/bare")
    assert "nothing came within 5 s" in told


def test_a_cancelled_fetch_leaves_no_browser(fetcher: Fetcher, site: Site) -> None:
    guard = Guard(HOSTS, fetcher.internet.resolve)

    def report(_fraction: float) -> None:
        if site.asked:
            raise lifecycle.Cancelled

    with pytest.raises(lifecycle.Cancelled):
        fetch.fetch(
            fetcher.services, fetcher.claim("http://docs.test/hang"), report, guard,
            Proxy(guard, 10**7, fetcher.internet.dial),
        )  # fmt: skip
    folder = str(fetcher.services.config.tmp_dir)
    deadline = time.monotonic() + 10
    while left := subprocess.run(["pgrep", "-f", folder], capture_output=True, text=True).stdout:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.parametrize(
    "url",
    ["http://elsewhere.example/", "http://127.0.0.1/", "http://inside.docs.test/", "http://docs.test:8080/",
     "http://user@docs.test/", "http://evildocs.test/", "http://docs.test.evil.example/", "http://[::1]/"],
)  # fmt: skip
def test_links_that_are_not_meant_are_refused_before_a_browser_starts(
    fetcher: Fetcher, site: Site, url: str
) -> None:
    told, _ = fetcher.run(url)
    assert told.startswith("the link is refused"), told
    assert site.asked == []


def test_only_open_addresses_are_public() -> None:
    private = [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1", "x", "",
    ]  # fmt: skip
    assert [address for address in private if is_public(address)] == []
    open_ones = ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
    assert [address for address in open_ones if not is_public(address)] == []
    with pytest.raises(Forbidden, match=r"10\.0\.0\.1"):
        Guard(("a.test",), lambda _host, _port: ["1.1.1.1", "10.0.0.1"]).addresses("a.test", 443)
    assert Guard(("a.test",)).allows("A.TEST.", 443)
