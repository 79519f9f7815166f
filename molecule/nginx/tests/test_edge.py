"""The way to the app, limits per real client, TLS and the access log."""

from __future__ import annotations

import concurrent.futures
import json
import re
import socket
import ssl
from collections import Counter
from collections.abc import Callable

import pytest
from conftest import CONTAINER, DOMAIN, ROOT, Get
from testinfra.host import Host


def address(host: Host) -> str:
    """The test host as this machine, an outsider, reaches it."""
    return str(host.check_output("ip -4 -oneline address show eth0 | awk '{ print $4 }'").split("/")[0])


def ask_from_outside(host: Host, path: str, headers: str = "") -> bytes:
    """One request past every proxy, straight from this machine; the whole answer."""
    context = ssl.create_default_context(cadata=host.file(f"{ROOT}/tls/ca.pem").content_string)
    with (
        socket.create_connection((address(host), 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=DOMAIN) as connection,
    ):
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\nConnection: close\r\n{headers}\r\n".encode()
        )
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


@pytest.mark.usefixtures("app")
def test_the_app_is_told_who_asks(get: Get) -> None:
    told = get("/api/echo?a=b", client="198.51.100.7").json()
    assert told["path"] == "/api/echo?a=b"
    assert told["headers"]["host"] == DOMAIN
    assert told["headers"]["x-real-ip"] == "198.51.100.7"
    assert told["headers"]["x-forwarded-for"] == "198.51.100.7"
    assert told["headers"]["x-forwarded-proto"] == "https"
    assert re.fullmatch("[0-9a-f]{32}", told["headers"]["x-request-id"])
    assert "connection" not in told["headers"]


@pytest.mark.usefixtures("app")
def test_a_forged_client_address_is_ignored(host: Host) -> None:
    answer = ask_from_outside(host, "/api/echo", "X-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n")
    told = json.loads(answer.split(b"\r\n\r\n", 1)[1])["headers"]
    assert told["x-forwarded-for"] == told["x-real-ip"]
    assert told["x-real-ip"] != "1.2.3.4"
    assert told["x-real-ip"] not in ("127.0.0.1", "")


@pytest.mark.usefixtures("app")
def test_connections_to_the_app_are_reused(get: Get) -> None:
    numbers = {
        get("/api/echo", client=f"198.51.100.{number}").json()["connection"] for number in range(10, 20)
    }
    assert len(numbers) <= 4, f"ten requests took {len(numbers)} connections"


@pytest.mark.usefixtures("app")
def test_a_release_switches_the_socket_without_a_reload(host: Host, get: Get) -> None:
    sockets = f"{ROOT}/run/sock"
    assert get("/api/echo", client="198.51.100.30").status == 200
    host.check_output(f"ln -s nowhere.sock {sockets}/.new && mv -T {sockets}/.new {sockets}/current.sock")
    host.check_output("systemctl restart stand-in.service")
    gone = get("/api/echo", client="198.51.100.30").status
    host.check_output(f"ln -s blue.sock {sockets}/.new && mv -T {sockets}/.new {sockets}/current.sock")
    assert gone == 502
    assert get("/api/echo", client="198.51.100.31").status == 200, "a failure took the upstream out"


def burst(host: Host, path: str, number: int, client: str) -> Counter[str]:
    """Status codes of `number` requests at once over one HTTP/2 connection."""
    output = host.check_output(
        f"curl --silent --parallel --parallel-max {number} "
        f"--cacert {ROOT}/tls/ca.pem --resolve {DOMAIN}:443:127.0.0.1 "
        f"--header 'X-Forwarded-For: {client}' --output /dev/null --write-out '%{{http_code}}\\n' "
        f"'https://{DOMAIN}{path}?[1-{number}]'"
    )
    return Counter(output.split())


@pytest.mark.usefixtures("app")
def test_the_api_is_limited_per_client(host: Host, get: Get) -> None:
    counts = burst(host, "/api/echo", 50, "203.0.113.5")
    assert set(counts) == {"200", "429"}, counts
    # One at once, twenty in the burst, and what ten a second let in while it lasted.
    assert 21 <= counts["200"] <= 35, counts
    assert get("/api/echo", client="203.0.113.6").status == 200, "another client is limited too"


@pytest.mark.usefixtures("app")
def test_uploads_are_limited_more(host: Host) -> None:
    counts = burst(host, "/api/upload", 20, "203.0.113.7")
    assert 6 <= counts["200"] <= 10, counts
    assert counts["429"] >= 10


@pytest.mark.usefixtures("app")
def test_who_is_too_fast_is_told_so(host: Host) -> None:
    last = host.check_output(
        f"curl --silent --include --cacert {ROOT}/tls/ca.pem --resolve {DOMAIN}:443:127.0.0.1 "
        f"--header 'X-Forwarded-For: 203.0.113.8' 'https://{DOMAIN}/api/echo?[1-100]' | tail -c 1500"
    )
    for words in (
        "HTTP/2 429",
        "retry-after: 1\r",
        "application/problem+json",
        "strict-transport-security: max-age=",
    ):
        assert words in last, last


def test_http_2_is_spoken(get: Get) -> None:
    assert get("/").protocol == "2"


def handshake(host: Host, low: ssl.TLSVersion, high: ssl.TLSVersion, ciphers: str = "") -> tuple[str, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=host.file(f"{ROOT}/tls/ca.pem").content_string)
    context.minimum_version, context.maximum_version = low, high
    if ciphers:
        context.set_ciphers(ciphers)
    with (
        socket.create_connection((address(host), 443), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=DOMAIN) as connection,
    ):
        cipher = connection.cipher()
        assert cipher is not None
        return str(connection.version()), cipher[0]


def test_tls_1_2_and_1_3_with_forward_secrecy(host: Host) -> None:
    assert handshake(host, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)[0] == "TLSv1.3"
    version, cipher = handshake(host, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    assert version == "TLSv1.2"
    assert re.fullmatch(r"ECDHE-ECDSA-AES(128|256)-GCM-SHA(256|384)", cipher)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_older_tls_and_weaker_ciphers_are_refused(host: Host) -> None:
    with pytest.raises(ssl.SSLError):
        handshake(host, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        handshake(
            host,
            ssl.TLSVersion.TLSv1_2,
            ssl.TLSVersion.TLSv1_2,
            "ECDHE-ECDSA-CHACHA20-POLY1305:AES128-SHA:ECDHE-ECDSA-AES128-SHA",
        )


def test_sessions_are_resumed_without_tickets(host: Host) -> None:
    output = host.run(
        f"openssl s_client -connect 127.0.0.1:443 -servername {DOMAIN} -tls1_2 -reconnect "
        f"-CAfile {ROOT}/tls/ca.pem </dev/null 2>/dev/null"
    ).stdout
    assert "Reused, TLSv1.2" in output
    assert "TLS session ticket" not in output


def test_the_log_has_every_field_and_is_json(
    host: Host, get: Get, log_lines: Callable[[], list[dict]]
) -> None:
    host.check_output("systemctl restart stand-in.service; sleep 1")
    get('/api/echo?name="quoted"\\\\slash', "--user-agent '\"agent\" \\\\ \x01'", client="198.51.100.40")
    ask_from_outside(host, "/garbage%00", "User-Agent: \xff\xfe\r\n")
    host.check_output("systemctl stop stand-in.service")
    lines = [line for line in log_lines() if line["client"] == "198.51.100.40"]
    assert len(lines) == 1
    line = lines[0]
    expected = {
        "time",
        "timestamp",
        "request_id",
        "client",
        "user",
        "method",
        "scheme",
        "host",
        "uri",
        "request",
        "protocol",
        "status",
        "bytes",
        "request_bytes",
        "referrer",
        "agent",
        "forwarded_for",
        "request_time",
        "upstream_time",
        "upstream_connect_time",
        "upstream_status",
        "tls",
    }
    assert set(line) == expected
    assert (line["status"], line["method"], line["host"], line["upstream_status"]) == (
        200,
        "GET",
        DOMAIN,
        "200",
    )
    assert isinstance(line["request_time"], float | int)
    assert float(line["upstream_time"]) >= 0
    assert line["tls"] == "TLSv1.3"


def test_slow_requests_do_not_hold_up_others(host: Host, get: Get) -> None:
    host.check_output("systemctl restart stand-in.service; sleep 1")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = [pool.submit(ask_from_outside, host, "/api/slow") for _ in range(4)]
        fast = get("/api/echo", "--max-time 1", client="198.51.100.60")
        assert fast.status == 200
        assert all(b" 200 " in answer.result()[:20] for answer in slow)
    host.check_output("systemctl stop stand-in.service")


def test_the_image_has_neither_a_shell_for_root_nor_caches(host: Host) -> None:
    listing = host.check_output(f"docker exec {CONTAINER} ls -A /var/lib/apt/lists /etc/nginx")
    assert "nginx.conf" in listing
    assert "Packages" not in listing
