"""The certificate on the host, and what the role says about certificates that cannot be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from testinfra.host import Host

TLS = "/opt/tencent-doc-manager/tls"
CA = "/opt/tencent-doc-manager/tls-ca"
CERTIFICATES = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "tls"
Converge = Callable[..., tuple[int, str]]


def certificate(host: Host, *options: str) -> str:
    return str(host.check_output(f"openssl x509 -in {TLS}/fullchain.pem -noout {' '.join(options)}"))


def selfsigned(host: Host) -> bool:
    return str(host.backend.get_hostname()).endswith("selfsigned")


def tool(host: Host, *options: str, names: str = "docs.company.com www.company.com docs.example.org") -> str:
    days, renew = options[-2:]
    flags = " ".join(options[:-2])
    return str(
        host.check_output(
            f"/opt/tencent-doc-manager/bin/tls-local-ca {flags} {CA} {TLS} 10002 {days} {renew} {names}"
        )
    )


def test_only_nginx_reads_the_key(host: Host) -> None:
    key = host.file(f"{TLS}/privkey.pem")
    assert (key.uid, key.mode) == (10002, 0o400)
    assert host.file(f"{TLS}/fullchain.pem").mode == 0o444
    assert host.file(f"{TLS}/ca.pem").mode == 0o444


def test_key_and_certificate_belong_together(host: Host) -> None:
    of_key = host.check_output(f"openssl pkey -in {TLS}/privkey.pem -pubout")
    assert of_key.strip() == certificate(host, "-pubkey").strip()


def verify(host: Host, name: str) -> bool:
    chain = f"{TLS}/fullchain.pem"
    return bool(
        host.run(f"openssl verify -CAfile {TLS}/ca.pem -untrusted {chain} -verify_hostname {name} {chain}").rc
        == 0
    )


def test_the_published_root_verifies_it_for_each_name(host: Host) -> None:
    assert verify(host, "docs.company.com")
    assert verify(host, "www.company.com")
    assert not verify(host, "evil.org")


def test_the_local_authority_stays_with_root(host: Host) -> None:
    if not selfsigned(host):
        assert not host.file(f"{CA}/ca.key").exists
        return
    directory = host.file(CA)
    assert (directory.uid, directory.mode) == (0, 0o700)
    assert host.file(f"{CA}/ca.key").mode == 0o400
    assert "CA:TRUE" in host.check_output(f"openssl x509 -in {CA}/ca.pem -noout -ext basicConstraints")


def test_the_local_certificate_is_what_browsers_take(host: Host) -> None:
    if not selfsigned(host):
        assert "Test server" in certificate(host, "-subject")
        assert host.file(f"{TLS}/fullchain.pem").content_string.count("BEGIN CERTIFICATE") == 3
        return
    text = certificate(host, "-text")
    assert "prime256v1" in text
    assert "TLS Web Server Authentication" in text
    assert set(re.findall(r"DNS:([a-z.]+)", text)) == {
        "docs.company.com",
        "www.company.com",
        "docs.example.org",
    }
    assert host.run(f"openssl x509 -in {TLS}/fullchain.pem -noout -checkend {398 * 86400}").rc == 1, (
        "too long for browsers"
    )
    assert host.run(f"openssl x509 -in {TLS}/fullchain.pem -noout -checkend {396 * 86400}").rc == 0


def test_the_local_certificate_is_renewed_when_it_must_be(host: Host) -> None:
    if not selfsigned(host):
        return
    assert tool(host, "397", "30") == ""
    assert "fewer than 400 days left" in tool(host, "--check", "397", "400")
    assert "names have changed" in tool(host, "--check", "397", "30", names="docs.company.com")
    before = certificate(host, "-serial")
    root = host.file(f"{TLS}/ca.pem").content_string
    assert "fewer than" in tool(host, "397", "400")
    assert certificate(host, "-serial") != before
    assert host.file(f"{TLS}/ca.pem").content_string == root, (
        "the authority was replaced, and clients trust it"
    )
    host.check_output(
        f"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {TLS}/privkey.pem"
    )
    assert "does not belong to it" in tool(host, "397", "30")
    assert tool(host, "397", "30") == ""
    test_only_nginx_reads_the_key(host)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("mismatched", "does not belong to the certificate"),
        ("elsewhere", "does not cover docs.company.com, www.company.com"),
        ("expired", "and today is"),
        ("disordered", "The chain is out of order"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(
    host: Host, converge: Converge, kind: str, message: str
) -> None:
    if selfsigned(host):
        return
    before = host.check_output(f"sha256sum {TLS}/*")
    folder = CERTIFICATES / kind
    status, output = converge(
        tls_certificate_file=folder / "certificate.pem",
        tls_private_key_file=folder / "key.pem",
        tls_chain_file=folder / "chain.pem",
    )
    assert status != 0
    assert message in output, output[-1500:]
    assert "PRIVATE KEY" not in output, "the key is in the output"
    assert host.check_output(f"sha256sum {TLS}/*") == before


def test_a_missing_key_is_named(host: Host, converge: Converge) -> None:
    if selfsigned(host):
        return
    status, output = converge(tls_private_key_file="")
    assert status != 0
    assert "tls_private_key_file" in output
