"""What Nginx answers: redirects, headers, static files, errors, limits."""

from __future__ import annotations

import pytest
from conftest import LOGS, ROOT, Get
from testinfra.host import Host

# curl's words for a connection that was closed or reset without an answer.
CLOSED = (52, 56)
SECURITY_HEADERS = {
    "strict-transport-security": "max-age=63072000",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize("name", ["docs.company.com", "www.company.com"])
def test_http_is_sent_to_https_by_its_own_name(get: Get, name: str) -> None:
    answer = get("/a/b?c=d&e=%20", scheme="http", name=name)
    assert answer.status == 301
    assert answer.header("location") == f"https://{name}/a/b?c=d&e=%20"
    assert "strict-transport-security" not in answer.headers
    assert answer.header("x-frame-options") == "DENY"


def test_the_acme_challenge_is_answered_over_http(get: Get) -> None:
    answer = get("/.well-known/acme-challenge/token", scheme="http")
    assert (answer.status, answer.body) == (200, "token.thumbprint")
    assert answer.header("content-type").startswith("text/plain")
    assert get("/.well-known/acme-challenge/none", scheme="http").status == 404


def test_an_unknown_name_gets_no_answer(get: Get) -> None:
    assert get("/", "--header 'Host: evil.example'", scheme="http").exit_code in CLOSED
    assert get("/", name="evil.example").exit_code == 35, "the handshake went through"
    # A known name in the handshake and another in the request.
    assert get("/", "--http1.1 --header 'Host: evil.example'").exit_code in CLOSED


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/documents/17", 200),
        ("/assets/app-2.js", 200),
        ("/assets/none.js", 404),
        ("/none.png", 404),
        ("/.git/config", 404),
        ("/api/echo", 200),
        ("/api/hand-out", 200),
        ("/api/status/404", 404),
        ("/api/status/403", 403),
        ("/api/status/500", 500),
        ("/health", 200),
    ],
)
@pytest.mark.usefixtures("app")
def test_every_answer_has_the_security_headers_once(get: Get, path: str, status: int) -> None:
    answer = get(path)
    assert answer.status == status
    for header, value in SECURITY_HEADERS.items():
        assert answer.header(header) == value, f"{path}: {header}"
    policy = answer.header("content-security-policy")
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "camera=()" in answer.header("permissions-policy")
    assert answer.header("server") == "nginx", "the version is told"


@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("path", ["/api/echo", "/health", "/api/upload"])
def test_an_absent_app_is_a_problem_document(get: Get, path: str) -> None:
    answer = get(path, client="192.0.2.50")
    assert answer.status == 502
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json()["status"] == 502
    assert answer.json()["request_id"] == answer.header("x-request-id")
    assert answer.header("retry-after") == "10"
    for header, value in SECURITY_HEADERS.items():
        assert answer.header(header) == value


def test_an_absent_front_end_is_the_maintenance_page(host: Host, get: Get) -> None:
    host.check_output(f"mv {ROOT}/www/current {ROOT}/www/aside")
    try:
        answer = get("/")
    finally:
        host.check_output(f"mv {ROOT}/www/aside {ROOT}/www/current")
    assert answer.status == 503
    assert "维护中" in answer.body
    assert answer.header("retry-after") == "10"
    assert answer.header("x-frame-options") == "DENY"
    assert get("/maintenance/style.css").status == 200


@pytest.mark.usefixtures("app")
def test_the_apps_own_errors_pass_unchanged(get: Get) -> None:
    answer = get("/api/status/503", client="192.0.2.51")
    assert (answer.status, answer.json()) == (503, {"from": "app"})


def test_pages_of_the_front_end_are_its_index(get: Get) -> None:
    for path in ("/", "/documents/17", "/settings"):
        answer = get(path)
        assert "front end r1" in answer.body
        assert answer.header("cache-control") == "no-cache"
        assert answer.header("content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/assets/app-2.js", "/static/logo.svg", "/assets/app-1.js"])
def test_hashed_files_are_kept_for_a_year(get: Get, path: str) -> None:
    """app-1.js belongs to the release before: a page loaded then still asks for it."""
    answer = get(path)
    assert answer.status == 200
    assert answer.header("cache-control") == "public, max-age=31536000, immutable"


def test_a_missing_hashed_file_is_not_kept(get: Get) -> None:
    assert get("/assets/none.js").header("cache-control") == ""


def test_large_text_is_compressed_and_small_is_not(get: Get) -> None:
    large = get("/assets/app-2.js", "--header 'Accept-Encoding: gzip'")
    assert large.header("content-encoding") == "gzip"
    assert "Accept-Encoding" in large.header("vary")
    assert get("/assets/small-2.js", "--header 'Accept-Encoding: gzip'").header("content-encoding") == ""


@pytest.mark.usefixtures("app")
def test_json_of_the_api_is_compressed(get: Get) -> None:
    assert (
        get("/api/big", "--header 'Accept-Encoding: gzip'", client="192.0.2.52").header("content-encoding")
        == "gzip"
    )


@pytest.mark.usefixtures("app")
def test_internal_files_go_out_only_by_the_app(get: Get) -> None:
    answer = get("/api/hand-out", client="192.0.2.53")
    assert (answer.status, answer.body) == (200, "document")
    assert answer.header("content-disposition") == "attachment"
    assert get("/_files/document.bin").status == 404


def test_bodies_have_a_limit(host: Host, get: Get) -> None:
    host.check_output("truncate -s 2M /tmp/2M; truncate -s 101M /tmp/101M")
    small = get("/api/echo", "--data-binary @/tmp/2M --header 'Expect:'", client="192.0.2.54")
    assert small.status == 413
    assert small.header("content-type") == "application/problem+json"
    large = get("/api/upload", "--data-binary @/tmp/101M --header 'Expect:'", client="192.0.2.54")
    assert large.status == 413


@pytest.mark.usefixtures("app")
def test_an_upload_of_100_mb_goes_through(host: Host, get: Get) -> None:
    host.check_output("truncate -s 100M /tmp/100M")
    answer = get("/api/upload", "--data-binary @/tmp/100M --header 'Expect:'", client="192.0.2.55")
    assert (answer.status, answer.json()["received"]) == (200, 100 * 1024 * 1024)


@pytest.mark.usefixtures("app")
def test_an_upload_is_passed_on_as_it_arrives(host: Host, get: Get) -> None:
    """At 1 MB/s the app sees the first byte long before the last: nothing was buffered."""
    host.check_output("truncate -s 3M /tmp/3M")
    answer = get(
        "/api/upload", "--limit-rate 1M --data-binary @/tmp/3M --header 'Expect:'", client="192.0.2.56"
    )
    assert answer.json()["seconds"] > 1.0


def test_health_is_not_logged(host: Host, get: Get) -> None:
    get("/health", client="192.0.2.57")
    get("/logged", client="192.0.2.57")
    log = host.check_output(f"cat {LOGS}/access.log")
    assert '"uri":"/logged"' in log
    assert '"uri":"/health"' not in log
