"""The running service, seen from outside the host."""

from __future__ import annotations

import io
import os
import zipfile

import requests

from tests.support.service import Service


def test_health_names_the_state_of_every_part(service: Service) -> None:
    answer = service.request("GET", "/api/health")
    assert answer.status_code == 200, answer.text
    health = answer.json()
    assert set(health["checks"]) == {"database", "redis_cache", "redis_queue", "worker", "disk"}
    states = {name: check["status"] for name, check in health["checks"].items()}
    assert set(states.values()) == {"ok"}, states


def test_front_page_is_the_built_front_end(service: Service) -> None:
    answer = service.request("GET", "/")
    assert answer.status_code == 200
    assert "/assets/" in answer.text, answer.text
    script = answer.text.split('src="')[1].split('"')[0]
    asset = service.request("GET", script)
    assert asset.status_code == 200
    assert "immutable" in asset.headers["Cache-Control"]


def test_everything_but_health_and_login_wants_a_login(service: Service) -> None:
    for method, path in [
        ("GET", "/api/documents"),
        ("POST", "/api/upload"),
        ("POST", "/api/jobs"),
        ("POST", "/api/tokens"),
        ("GET", "/api/documents/1/download"),
    ]:
        answer = service.request(method, path)
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"


def test_a_document_comes_back_byte_for_byte(admin: Service) -> None:
    content = os.urandom(300_000)
    answer = admin.upload("季度 报表.xlsx", content)
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["size"] == len(content)
    listed = admin.request("GET", "/api/documents").json()["items"]
    assert document["id"] in [item["id"] for item in listed]
    assert admin.download(document["id"]) == content


def test_a_job_is_run_by_the_worker(admin: Service) -> None:
    document = admin.upload("list.csv", b"a,b\n1,2\n").json()
    answer = admin.request("POST", "/api/jobs", json={"kind": "export", "documents": [document["id"]]})
    assert answer.status_code == 202, answer.text
    job = admin.wait_for_job(answer.json()["id"])
    assert job["status"] == "succeeded", job
    archive = zipfile.ZipFile(io.BytesIO(admin.download(job["result"]["document"])))
    assert b"a,b\n1,2\n" in [archive.read(name) for name in archive.namelist()]


def test_an_api_token_works_without_a_cookie(admin: Service, address: str) -> None:
    token = admin.request("POST", "/api/tokens", json={"name": "ci"}).json()["token"]
    admin.session.cookies.clear()
    answer = admin.request("GET", "/api/documents", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text


def test_http_leads_to_https_of_the_same_name(address: str) -> None:
    answer = requests.get(
        f"http://{address}/a?b=c",
        headers={"Host": "docs.company.com"},
        allow_redirects=False,
        timeout=10,
        proxies={"http": ""},
    )
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://docs.company.com/a?b=c"


def test_only_ssh_and_the_web_are_open(host: object, address: str) -> None:
    import socket

    for port in (5000, 6379, 8081, 2375):
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex((address, port)) != 0, f"port {port} is open"
