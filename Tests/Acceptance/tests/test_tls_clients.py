"""Client certificates: which are accepted, what the log says about the others, and what etcdctl,
curl and a gRPC library see. Each rule is tried over TLS 1.2 and TLS 1.3."""
import json
import socket
import ssl
import subprocess
import time

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from acceptance import api
from acceptance.certificates import CLIENT, DAY, write_atomically
from acceptance.cluster import is_3_5, until
from acceptance.members import free_ports, our_etcd, our_member
from acceptance.secure import (
    ClientTLS, attempt, rejected_with, rejection, server_flags)

rpc = api.rpc
QUICK = ("--heartbeat-interval=50", "--election-timeout=500")
OLD = is_3_5(our_etcd())
# 3.5.1 has TLS 1.2 only.
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2} | (
    {} if OLD else {"1.3": ssl.TLSVersion.TLSv1_3})
UNKNOWN = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
USAGE = ("tls: failed to verify certificate: x509: certificate specifies an incompatible key usage")
TIME = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid..."
NAMES = "client certificate authentication failed"
NONE = "tls: client didn't provide a certificate"


class Servers:
    """The members of this file by name, all started together."""

    def __init__(self, directory, certificates):
        self.certificates, self.directory, self.members = certificates, directory, {}
        ca, cli = certificates.ca, certificates["cli"]
        crl = ca.revoke(directory / "crl.der", 0x415, certificates.int.certificate.serial_number)
        (directory / "garbage.der").write_text("garbage")
        (directory / "empty.der").write_text("")
        pem = ca.revoke(directory / "crl.pem", 0x415, encoding=Encoding.PEM)
        stale = ca.revoke(directory / "stale.der", 0x415, next_update=-DAY)
        other = certificates.ca2.revoke(directory / "other.der", 0x415)
        self.add("usual", ca.path, f"--listen-metrics-urls=https://127.0.0.1:{self.free_port()}")
        self.add("crl", ca.path, f"--client-crl-file={crl}")
        self.add("crl-pem", ca.path, f"--client-crl-file={pem}")
        self.add("crl-garbage", ca.path, f"--client-crl-file={directory / 'garbage.der'}")
        self.add("crl-empty", ca.path, f"--client-crl-file={directory / 'empty.der'}")
        self.add("crl-missing", ca.path, f"--client-crl-file={directory / 'nofile.der'}")
        self.add("crl-stale", ca.path, f"--client-crl-file={stale}")
        self.add("crl-other-issuer", ca.path, f"--client-crl-file={other}")
        self.add("names", ca.path, "--client-cert-allowed-hostname=client.example.com"
                 if OLD else "--client-cert-allowed-hostname=a.example.org,client.example.com")
        self.add("address", ca.path, "--client-cert-allowed-hostname=127.0.0.1")
        self.add("pinned", cli.certificate)
        self.add("intermediate", certificates.int.path)
        self.add("optional", None)
        self.add("implied", ca.path, required=False)
        self.members["names"].tls = ClientTLS(ca.path, certificates["cli-host"])
        self.members["address"].tls = ClientTLS(ca.path, certificates["cli-ip"])
        self.members["intermediate"].tls = ClientTLS(ca.path, certificates["cli-int"])

    def start(self):
        for one in self.members.values():
            one.start(wait=False)
        for name, one in self.members.items():
            if name not in ("crl-pem", "crl-garbage", "crl-empty", "crl-missing"):
                one.wait_ready()

    def free_port(self):
        self.metrics_port, = free_ports(1)
        return self.metrics_port

    def add(self, name, authority, *flags, required=True):
        certificate = self.certificates["srv"]
        member = our_member(
            self.directory / f"{name}.etcd", *QUICK, *flags,
            *server_flags(certificate, authority, required),
            tls=ClientTLS(self.certificates.ca.path, self.certificates["cli"]))
        self.members[name] = member

    def __getitem__(self, name):
        return self.members[name]

    def attempt(self, name, client, version=None, **options):
        """A request to the member with a certificate of this name, None for none."""
        tls = ClientTLS(self.certificates.ca.path, client and self.certificates[client])
        version = VERSIONS.get(version)
        context = tls.context(lowest=version, highest=version)
        return attempt(self.members[name].endpoint, context, **options)

    def wait(self, name):
        """Waits for a member that refuses all certificates."""
        one = self.members[name]
        end = time.monotonic() + 60
        while not any("serving client traffic securely" == line["msg"] for line in one.log_lines()):
            assert time.monotonic() < end, one.tail()
        return one


@pytest.fixture(scope="module")
def servers(tmp_path_factory, certificates):
    made = Servers(tmp_path_factory.mktemp("clients"), certificates)
    try:
        made.start()
        yield made
    finally:
        for one in made.members.values():
            one.close()


ACCEPTED = ["cli", "cli-rsa", "cli-rsa1024", "cli-p521", "cli-ed25519", "cli-nocn", "cli-emptysub",
            "cli-noeku", "cli-both", "cli-any", "cli-int", "cli-ip", "cli-ip-other", "cli-host",
            "srv"]
# The alert with which ours refuses a certificate, whatever the cause: the TLS library has no other.
REFUSAL = "certificate_unknown"
# Name of the certificate, error in the log, etcd's alert over TLS 1.3 and TLS 1.2.
REFUSED = [
    (None, NONE, "certificate_required", "handshake_failure"),
    ("cli-sonly", USAGE, "bad_certificate", "bad_certificate"),
    ("cli-code", USAGE, "bad_certificate", "bad_certificate"),
    ("cli-ca2", UNKNOWN, "unknown_ca", "unknown_ca"),
    ("cli-self", UNKNOWN, "unknown_ca", "unknown_ca"),
    ("cli-int-nochain", UNKNOWN, "unknown_ca", "unknown_ca"),
    ("cli-expired", TIME, "certificate_expired", "certificate_expired"),
    ("cli-notyet", TIME, "certificate_expired", "certificate_expired"),
    ("cli-sha1", UNKNOWN + "...", "unknown_ca", "unknown_ca"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("client", ACCEPTED)
def test_accepted(servers, client, version):
    result = servers.attempt("usual", client, version)
    assert result.status == 200 and b'"health":"true"' in result.response, result


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("client, text, alert_13, alert_12", REFUSED,
                         ids=lambda value: str(value).split(":")[0])
def test_refused(servers, client, text, alert_13, alert_12, version):
    if OLD and client == "cli-sha1":
        pytest.skip("Go 1.16 accepts SHA-1")
    result = servers.attempt("usual", client, version)
    assert result.error is not None, result
    if not OLD:
        expected = {"1.2": alert_12, "1.3": alert_13}[version]
        assert result.alert in (None, expected, client and REFUSAL), result.error
        assert result.alert or version == "1.3", result.error
    line = rejected_with(servers["usual"], result.port, text)
    assert line["level"] == "warn" and line["server-name"] == ""
    assert line["remote-addr"] == f"127.0.0.1:{result.port}"
    assert "ip-addresses" not in line and "dns-names" not in line


# Member, certificate, error in the log or None, alert.
RULES = [
    ("optional", None, None), ("optional", "cli-ca2", None), ("optional", "cli-expired", None),
    ("implied", "cli", None), ("implied", None, NONE), ("implied", "cli-ca2", UNKNOWN),
    ("pinned", "cli", None), ("pinned", "cli2", UNKNOWN),
    ("intermediate", "cli-int", None), ("intermediate", "cli-int-nochain", None),
    ("intermediate", "cli", UNKNOWN),
    ("crl", "cli", None), ("crl", "cli-revoked", "transport: certificate serial 0415 revoked"),
    ("crl", "cli-int", "transport: certificate serial {int} revoked"),
    ("crl", None, NONE), ("crl", "cli-ca2-revoked", UNKNOWN),
    ("crl-stale", "cli-revoked", "transport: certificate serial 0415 revoked"),
    ("crl-stale", "cli", None),
    ("crl-other-issuer", "cli-revoked", "transport: certificate serial 0415 revoked"),
    ("crl-pem", "cli", "x509: malformed crl"), ("crl-garbage", "cli", "x509: malformed crl"),
    ("crl-empty", "cli", "x509: malformed crl"),
    ("crl-missing", "cli", "open {directory}/nofile.der: no such file or directory"),
    ("names", "cli-host", None), ("names", "cli-wild", None), ("names", "cli-host2", NAMES),
    ("names", "cli-cnhost", NAMES), ("names", "cli", NAMES), ("names", "cli-ca2", UNKNOWN),
    ("address", "cli-ip", None), ("address", "cli-ip-other", NAMES),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name, client, text", RULES,
                         ids=lambda value: str(value).rpartition(": ")[2])
def test_the_rule(servers, name, client, text, version):
    if OLD and name == "crl-pem":
        pytest.skip("Go 1.16 reads lists in PEM")
    one = servers.wait(name)
    result = servers.attempt(name, client, version)
    if text is None:
        assert result.status == 200, (result, one.tail(3))
        return
    assert result.status is None, result
    if OLD and text == "x509: malformed crl":
        text = "..."
    serial = servers.certificates.int.certificate.serial_number
    text = text.format(int=f"{serial:0{4}x}", directory=servers.directory)
    line = rejected_with(one, result.port, text)
    if text.startswith(("transport:", "open", "x509: malformed")):
        # The handshake had succeeded: no alert, and the names of the certificate are known.
        assert result.alert is None and line["ip-addresses"] == [] and line["dns-names"] == []
    elif text == NAMES:
        assert result.alert in (None, "bad_certificate", REFUSAL), result
        names = {"cli-host2": ["other.example.org"]}.get(client, [])
        assert line["dns-names"] == names
        assert line["ip-addresses"] == (["10.9.9.9"] if client == "cli-ip-other" else [])


def test_the_name_that_a_client_asks_for_is_logged(servers):
    tls = ClientTLS(servers.certificates.ca.path)
    result = attempt(servers["usual"].endpoint, tls.context(), name="localhost")
    assert rejection(servers["usual"], result.port)["server-name"] == "localhost"


def test_a_replaced_revocation_list_is_used_by_the_next_connection(servers, tmp_path):
    """A stream that is open stays open; ours checks the files at least once a second."""
    one, ca = servers["crl"], servers.certificates.ca
    victim = ca.issue("victim", usages=(CLIENT,), serial=0x999)
    tls = ClientTLS(ca.path, victim)
    path = servers.directory / "crl.der"
    before = path.read_bytes()
    with api.connect(one.endpoint, tls.credentials()) as channel:
        watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"w"))]), timeout=300)
        assert next(watch).created
        contexts = [tls.context(lowest=version, highest=version) for version in VERSIONS.values()]
        sessions = []
        for context in contexts:
            result = attempt(one.endpoint, context)
            assert result.status == 200 and result.session
            sessions.append(result.session)
        ca.revoke(path, 0x999)
        try:
            end = time.monotonic() + 60
            while (result := attempt(one.endpoint, tls.context())).status == 200:
                assert time.monotonic() < end, "the new list is not used"
                time.sleep(0.1)
            rejected_with(one, result.port, "transport: certificate serial 0999 revoked")
            # A session from before does not get around the list.
            for context, session in zip(contexts, sessions):
                result = attempt(one.endpoint, context, session=session)
                assert result.status is None, result
                rejected_with(one, result.port, "transport: certificate serial 0999 revoked")
            one.etcdctl("put", "w", "1")
            assert next(watch).events[0].kv.value == b"1"
            watch.cancel()
        finally:
            write_atomically(path, before)


@pytest.mark.parametrize("client, alert", [
    (None, "tls: handshake failure"), ("cli-ca2", "tls: unknown certificate"),
    ("cli-expired", "tls: expired certificate"), ("cli-sonly", "tls: bad certificate")])
def test_what_etcdctl_prints(servers, client, alert):
    one = servers["usual"]
    tls, one.tls = one.tls, ClientTLS(
        servers.certificates.ca.path, client and servers.certificates[client])
    try:
        begin = time.monotonic()
        result = one.etcdctl("--command-timeout=1500ms", "get", "a", check=False)
    finally:
        one.tls = tls
    assert result.returncode == 1 and time.monotonic() - begin < 10
    assert result.stderr.rstrip().endswith("Error: context deadline exceeded")
    # The connection may be reset before the alert is read.
    expected = "tls: bad certificate" if OLD else alert
    assert any(text in result.stderr for text in (
        expected, "tls: unknown certificate", "broken pipe", "connection reset by peer",
        "EOF")), result.stderr


def test_etcdctl_uses_every_kind_of_call(servers):
    one = servers["usual"]
    one.etcdctl("put", "kind/1", "a")
    assert one.etcdctl("get", "--prefix", "kind/", "--print-value-only").stdout == "a\n"
    lease = json.loads(one.etcdctl("lease", "grant", "60", "-w", "json").stdout)["ID"]
    one.etcdctl("put", "kind/2", "b", "--lease", f"{lease:x}")
    assert one.etcdctl("txn", input='mod("kind/1") > "0"\n\nput kind/3 c\n\n\n').returncode == 0
    one.etcdctl("lease", "keep-alive", f"{lease:x}", "--once")
    path = servers.directory / "saved.db"
    one.etcdctl("snapshot", "save", str(path))
    assert path.stat().st_size > 0
    assert "is healthy" in one.etcdctl("endpoint", "health").stdout + one.etcdctl(
        "endpoint", "health").stderr


CURL = {"http1.1": "--http1.1", "http2": "--http2"}
RANGES = {"tls1.2": ("--tls-max", "1.2")} | ({} if OLD else {"tls1.3": ("--tlsv1.3",)})


def curl(servers, url, *flags, client="cli"):
    certificates = servers.certificates
    tls = ClientTLS(certificates.ca.path, certificates[client])
    result = subprocess.run(
        ["curl", "-sS", "-i", *tls.curl_flags(), *flags, url], capture_output=True, text=True)
    head, _, body = result.stdout.partition("\n\n")
    lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in
               (line.partition(":") for line in lines[1:])}
    return result, lines[0] if lines else "", headers, body


@pytest.mark.parametrize("versions", RANGES)
@pytest.mark.parametrize("protocol", CURL)
@pytest.mark.parametrize("path, expected", [
    ("/health", '"health":"true"'), ("/version", '"etcdserver":"3.'),
    ("/metrics", "etcd_server_has_leader 1"), ("/nothing", "404 page not found")])
def test_http_over_tls(servers, path, expected, protocol, versions):
    result, first, headers, body = curl(
        servers, servers["usual"].url + path, CURL[protocol], *RANGES[versions])
    assert result.returncode == 0 and expected in body, result
    number = {"http1.1": "HTTP/1.1", "http2": "HTTP/2"}[protocol]
    assert first.split()[:2] == [number, "404" if path == "/nothing" else "200"]
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "POST, GET, OPTIONS, PUT, DELETE"
    assert not {"server", "strict-transport-security", "alt-svc"} & set(headers)


@pytest.mark.parametrize("protocol", CURL)
def test_http_on_the_metrics_listener(servers, protocol):
    url = f"https://127.0.0.1:{servers.metrics_port}"
    for path, expected in (("/metrics", "etcd_server_has_leader 1"), ("/health", '"true"')):
        result, _, headers, body = curl(servers, url + path, CURL[protocol])
        assert result.returncode == 0 and expected in body, result
        assert "access-control-allow-origin" not in headers
    result, first, _, _ = curl(servers, url + "/version", CURL[protocol])
    assert first.split()[1] == "404"
    bare = attempt(f"127.0.0.1:{servers.metrics_port}", ClientTLS(
        servers.certificates.ca.path).context())
    assert bare.status is None
    rejected_with(servers["usual"], bare.port, NONE)


def test_options_and_requests_that_are_no_grpc(servers):
    url = servers["usual"].url
    result, first, headers, body = curl(servers, url + "/version", "-X", "OPTIONS")
    assert first.split()[1] == "200" and body == ""
    assert headers["access-control-allow-headers"] == "accept, content-type, authorization"
    result, first, _, _ = curl(servers, url + "/etcdserverpb.KV/Range", "--http2", "-X", "POST")
    assert first.split()[1] == "404", result
    result, first, _, _ = curl(servers, url + "/etcdserverpb.KV/Range", "--http1.1", "-X", "POST",
                               "-H", "content-type: application/grpc")
    assert first.split()[1] == "404", result


def test_grpc_over_tls(servers):
    one = servers["usual"]
    with one.connect() as channel:
        kv = api.stub(channel, "KV")
        value = bytes(1_000_000)
        watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"large"))]), timeout=30)
        assert next(watch).created
        kv.Put(rpc.PutRequest(key=b"large", value=value), timeout=10)
        assert kv.Range(rpc.RangeRequest(key=b"large"), timeout=10).kvs[0].value == value
        assert next(watch).events[0].kv.value == value
        watch.cancel()
        saved = b"".join(part.blob for part in api.stub(channel, "Maintenance").Snapshot(
            rpc.SnapshotRequest(), timeout=30))
        assert len(saved) > 1_000_000


def test_grpc_without_a_certificate_is_unavailable(servers):
    credentials = ClientTLS(servers.certificates.ca.path).credentials()
    with api.connect(servers["usual"].endpoint, credentials) as channel:
        with pytest.raises(grpc.RpcError) as error:
            api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"a"), timeout=10)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE


SUITES = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": True, "ECDHE-ECDSA-AES256-GCM-SHA384": True,
    "ECDHE-ECDSA-CHACHA20-POLY1305": True, "ECDHE-ECDSA-AES128-SHA": True,
    "ECDHE-ECDSA-AES256-SHA": True, "ECDHE-ECDSA-AES128-SHA256": False, "AES128-GCM-SHA256": False,
    "ECDHE-RSA-AES128-GCM-SHA256": False, "DHE-RSA-AES128-GCM-SHA256": False}


@pytest.mark.parametrize("suite, offered", SUITES.items())
def test_the_default_suites_of_tls_1_2(servers, suite, offered):
    tls = ClientTLS(servers.certificates.ca.path, servers.certificates["cli"])
    context = tls.context(highest=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(suite + ":@SECLEVEL=0")
    result = attempt(servers["usual"].endpoint, context)
    if offered:
        assert result.status == 200 and result.cipher[0] == suite, result
        return
    assert result.alert == "handshake_failure" or "HANDSHAKE_FAILURE" in str(result.error), result
    line = rejection(servers["usual"], result.port)
    known = {"AES128-GCM-SHA256": "9c", "ECDHE-RSA-AES128-GCM-SHA256": "c02f"}
    if suite in known and not OLD and "key share" not in line["error"]:
        assert line["error"] == ("tls: no cipher suite supported by both client and server; client "
                                 f"offered: [{known[suite]} ff]"), line
    assert line["error"].startswith((
        "tls: no cipher suite supported by both client and server",
        # The TLS library misses the groups first, which such a client does not send.
        "tls: invalid client key share")), line


def test_older_versions_are_refused(servers):
    """By the bytes of a ClientHello of TLS 1.1, since OpenSSL's own may be disabled."""
    hello = bytes.fromhex("0302") + bytes(32) + b"\0" + b"\0\2\xc0\x13" + b"\1\0"
    record = b"\x16\3\1" + (len(hello) + 4).to_bytes(2) + b"\1" + len(hello).to_bytes(3) + hello
    with socket.create_connection(("127.0.0.1", servers["usual"].client_port), 10) as one:
        one.sendall(record)
        port = one.getsockname()[1]
        assert one.recv(100) == bytes.fromhex("15030100020246")
    rejected_with(servers["usual"], port,
                  "tls: client offered only unsupported versions: [302 301]")


@pytest.mark.parametrize("offered, selected", [
    (["h2"], "h2"), (["http/1.1", "h2"], "h2"), (["http/1.1"], None), ([], None)])
def test_the_protocol_is_negotiated(servers, offered, selected):
    tls = ClientTLS(servers.certificates.ca.path, servers.certificates["cli"])
    data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" + bytes.fromhex(
        "0000080700000000000000000000000000") if selected else None
    result = attempt(servers["usual"].endpoint, tls.context(offered), data=data)
    if OLD and offered == ["http/1.1"]:
        return
    assert result.protocol == selected, result
    # An HTTP/2 response begins with the server's SETTINGS.
    assert result.response[3:4] == b"\4" if selected else result.status == 200


def test_other_protocols_are_not_selected(servers):
    """etcd refuses such a client with an alert; the TLS library of ours selects none."""
    tls = ClientTLS(servers.certificates.ca.path, servers.certificates["cli"])
    result = attempt(servers["usual"].endpoint, tls.context(["foo"]))
    assert result.protocol is None, result


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed_with_its_certificate(servers, version):
    tls = ClientTLS(servers.certificates.ca.path, servers.certificates["cli"])
    context = tls.context(lowest=VERSIONS[version], highest=VERSIONS[version])
    first = attempt(servers["usual"].endpoint, context)
    assert first.status == 200 and not first.resumed
    second = attempt(servers["usual"].endpoint, context, session=first.session)
    assert second.status == 200 and second.resumed, second
    # It is worth nothing on another member.
    third = attempt(servers["intermediate"].endpoint, context, session=first.session)
    assert third.status is None and not third.resumed


@pytest.mark.skipif(OLD, reason="3.5.1 has no separate listeners")
def test_separate_listeners_for_grpc_and_http(servers, start):
    """Unlike in etcd, the listener for gRPC alone logs the connections that it refuses."""
    certificates = servers.certificates
    ca, port = certificates.ca.path, free_ports(1)[0]
    member = start(*QUICK, f"--listen-client-http-urls=https://127.0.0.1:{port}",
                   *server_flags(certificates["srv"], ca), wait=False,
                   tls=ClientTLS(ca, certificates["cli"]))
    context, bare = member.tls.context(), ClientTLS(ca).context()
    until(lambda: member.process.poll() is None and is_served(f"127.0.0.1:{port}", context), 60)
    with member.connect() as channel:
        api.stub(channel, "KV").Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
    for endpoint in (member.endpoint, f"127.0.0.1:{port}"):
        rejected_with(member, attempt(endpoint, bare).port, NONE)
    url = f"https://127.0.0.1:{port}"
    for path, code in (("/health", "200"), ("/version", "200"), ("/etcdserverpb.KV/Range", "404")):
        for protocol in CURL.values():
            _, first, _, _ = curl(servers, url + path, protocol)
            assert first.split()[1] == code, (path, protocol)
    with api.connect(f"127.0.0.1:{port}", member.tls.credentials()) as channel:
        with pytest.raises(grpc.RpcError) as error:
            api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"a"), timeout=10)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    # HTTP/1.1 on the listener for gRPC is closed without a response.
    assert attempt(member.endpoint, context).status is None


def is_served(endpoint, context):
    try:
        return attempt(endpoint, context).status == 200
    except OSError:
        return False
