"""Auto TLS: the certificates that a member makes for itself, and what they replace."""
import datetime
import ipaddress
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from acceptance.cluster import is_3_5, until
from acceptance.members import free_ports, our_etcd
from acceptance.secure import ClientTLS
from acceptance.tls_start import Case, run

FLAGS = ("--auto-tls", "--peer-auto-tls", "--self-signed-cert-validity=2")
FILES = [f"fixtures/{side}/{name}.pem" for side in ("client", "peer") for name in ("cert", "key")]


@pytest.fixture
def automatic(start, tmp_path):
    """A member with two client URLs that makes its certificates."""
    ports = free_ports(2)
    directory = tmp_path / "automatic.etcd"
    urls = f"https://127.0.0.1:{ports[0]},https://127.0.0.1:{free_ports(1)[0]}"
    return start(
        *FLAGS, "--listen-client-urls", urls, directory=directory, ports=ports, peer_tls=True,
        tls=ClientTLS(directory / "fixtures/client/cert.pem"), wait=False)


def contents(member):
    return {name: (member.directory / name).read_bytes() for name in FILES}


def test_the_certificates_are_those_of_etcd(automatic):
    automatic.wait_ready()
    for side, addresses in (("client", 2), ("peer", 1)):
        directory = automatic.directory / "fixtures" / side
        modes = {path.name: stat.S_IMODE(path.stat().st_mode)
                 for path in (directory.parent, directory, *directory.iterdir())}
        assert modes == {"fixtures": 0o700, side: 0o700, "cert.pem": 0o644, "key.pem": 0o600}
        key = (directory / "key.pem").read_bytes()
        assert key.startswith(b"-----BEGIN EC PRIVATE KEY-----")
        certificate = x509.load_pem_x509_certificate((directory / "cert.pem").read_bytes())
        assert certificate.version == x509.Version.v3
        assert certificate.subject == certificate.issuer
        assert certificate.subject.rfc4514_string() == "O=etcd"
        assert isinstance(certificate.public_key().curve, ec.SECP521R1)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA512)
        lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert lifetime == datetime.timedelta(days=2 * 365)
        certificate.verify_directly_issued_by(certificate)
        assert serialization.load_pem_private_key(key, None).public_key() == (
            certificate.public_key())
        check_extensions(certificate.extensions, addresses)


def check_extensions(extensions, addresses):
    def value(kind, critical):
        extension = extensions.get_extension_for_class(kind)
        assert extension.critical == critical, extension
        return extension.value

    usage = value(x509.KeyUsage, True)
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (
        True, True, False)
    assert list(value(x509.ExtendedKeyUsage, False)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    # An authority since 3.5.2, so that clients can trust the file.
    if not is_3_5(our_etcd()):
        assert usage.crl_sign
        assert value(x509.BasicConstraints, True).ca
        assert value(x509.SubjectKeyIdentifier, False).digest
    names = value(x509.SubjectAlternativeName, False)
    assert list(names) == [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] * addresses


def test_the_start_logs_the_files_and_clients_may_trust_them(automatic):
    automatic.wait_ready()
    lines = automatic.log_lines()
    messages = [line["msg"] for line in lines]
    assert messages.count("automatically generate certificates") == 2
    assert any("certificate-validity-bound-not-after" in line for line in lines)
    for message, name in (("created cert file", "cert.pem"), ("created key file", "key.pem")):
        assert [line["path"] for line in lines if line["msg"] == message] == [
            str(automatic.directory / "fixtures" / side / name) for side in ("peer", "client")]
    automatic.etcdctl("put", "a", "1")
    automatic.tls = None
    result = automatic.etcdctl("--insecure-skip-tls-verify", "--insecure-transport=false", "get",
                               "a", "--print-value-only")
    assert result.stdout == "1\n"

    def refused():
        result = automatic.etcdctl("--insecure-transport=false", "--command-timeout=1s", "get", "a",
                                   check=False)
        assert result.returncode == 1
        # A second may be too short for a handshake.
        return "certificate signed by unknown authority" in result.stderr
    until(refused, what="the reason of the refusal")


def test_a_restart_uses_the_files_and_replaces_an_incomplete_pair(automatic):
    automatic.wait_ready()
    first = contents(automatic)
    automatic.stop()
    automatic.log_path.write_text("")
    automatic.start()
    assert contents(automatic) == first
    messages = [line["msg"] for line in automatic.log_lines()]
    assert "automatically generate certificates" not in messages
    automatic.stop()
    (automatic.directory / "fixtures/client/key.pem").unlink()
    automatic.start()
    second = contents(automatic)
    assert [name for name in FILES if second[name] != first[name]] == FILES[:2]
    automatic.stop()


@pytest.mark.parametrize("side", ["client", "peer"])
def test_a_broken_file_is_refused(tmp_path, side):
    directory = tmp_path / "broken" / "fixtures" / side
    directory.mkdir(parents=True)
    (tmp_path / "broken").chmod(0o700)
    for name in ("cert.pem", "key.pem"):
        (directory / name).write_text("garbage")
    option = {"client": "--auto-tls", "peer": "--peer-auto-tls"}[side]
    result = run(Case("broken", option, **{"client": "http", side: "https"}),
                 tmp_path / "broken", tmp_path)
    assert result.status == 1
    assert result.error == "tls: failed to find any PEM data in certificate input"


def test_it_replaces_all_other_settings_of_tls(start, certificates):
    """Neither a certificate of the client nor an allowed name is required."""
    member = start(
        "--auto-tls", "--client-cert-auth", f"--trusted-ca-file={certificates.ca.path}",
        "--client-cert-allowed-hostname=nobody", "--client-crl-file=nofile", wait=False,
        tls=ClientTLS(certificates.ca.path))
    member.tls = ClientTLS(member.directory / "fixtures/client/cert.pem")
    member.wait_ready()
    member.etcdctl("put", "a", "1")
