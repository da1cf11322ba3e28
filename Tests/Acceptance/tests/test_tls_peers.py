"""Peers over TLS: what a member with wrong certificates can do, and what both logs say.

Two members stay, the third is restarted on its data with the flags of each case.
"""
import dataclasses
import json
import time

import pytest

from acceptance import certificates as kinds
from acceptance.cluster import Cluster, is_3_5, started, until
from acceptance.members import our_etcd
from acceptance.secure import peer_flags

OLD = is_3_5(our_etcd())
REJECTED = "rejected connection on peer endpoint"
BAD = "remote error: tls: bad certificate"
# The alert with which ours refuses a certificate, whatever the cause.
UNKNOWN_CERTIFICATE = "remote error: tls: unknown certificate"
UNKNOWN = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
USAGE = "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage"
TIME = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: ..."
NAMES = "client certificate authentication failed"
READY = "ready to serve client requests"


@dataclasses.dataclass
class Fault:
    """The third member's certificate, authority and other flags, and what the logs must have.

    `first` are the errors of rejected connections at the first member, `third` those at the third;
    `dial` is a part of an error of the third one's own calls. Names stand for certificates."""
    id: str
    certificate: str = "peer-m3"
    client: str | None = None
    authority: str = "ca"
    flags: tuple = ()
    first: str | None = None
    third: str | None = None
    dial: str | None = None
    joins: bool | None = False
    newer: bool = False
    # Without the flags of the others.
    alone: bool = False


FAULTS = [
    Fault("good", joins=True),
    Fault("another authority and trust", "peer-ca2", authority="ca2", first=BAD, third=BAD),
    Fault("another authority, trusts both", "peer-ca2", authority="bundle", first=UNKNOWN,
          third=BAD),
    Fault("trusts another authority", authority="ca2", first=BAD, third=UNKNOWN),
    Fault("expired", "peer-expired", first=TIME, third=BAD),
    Fault("not yet valid", "peer-notyet", first=TIME, third=BAD),
    Fault("only for servers", "peer-sonly", first=USAGE, dial=BAD, joins=None),
    Fault("another certificate for its calls", "peer-sonly", client="cli", joins=True),
    Fault("only for clients", "peer-conly", third=BAD, joins=None),
    Fault("no names for servers", "peer-nosan", third=BAD, joins=None),
    Fault("another address for servers", "peer-other-address", third=BAD,
          first="x509: certificate is valid for 10.9.9.9, not 127.0.0.1"),
    Fault("revoked", "peer-revoked", first="transport: certificate serial 0424 revoked",
          dial="EOF", joins=None),
    # The names of the certificate that it shows to others, compared with its address.
    Fault("no names", client="peer-nosan", joins=True),
    Fault("another address", client="peer-other-address", joins=None,
          first="x509: certificate is valid for 10.9.9.9, not 127.0.0.1"),
    Fault("another address, the right name", client="peer-address-and-name", joins=True),
    Fault("a name of the address", client="peer-localhost", joins=True),
    Fault("another name", client="peer-other-name", joins=None,
          first='tls: "127.0.0.1" does not match any of DNSNames ["other.example.com"]...'),
    Fault("a wildcard", client="peer-wildcard", joins=None,
          first='tls: "127.0.0.1" does not match any of DNSNames ["*.example.com"]...'),
]
NAMED_FAULTS = [
    Fault("the common name", joins=True),
    Fault("another common name", "peer-m4", first=NAMES, third=BAD),
    Fault("another common name for its calls", client="peer-m4", first=NAMES, joins=None),
    # The list applies to the certificates that a member dials, too.
    Fault("allows another common name", flags=("--peer-cert-allowed-cn=m4.example.com",),
          first=BAD, third=NAMES),
    Fault("names are not compared with the address", client="peer-m3-elsewhere", joins=True),
]
NAMED_SUITE = "TLS_ECDHE_ECDSA_WITH_AES_{}_GCM_SHA{}"
SUITE_FAULTS = [
    Fault("the host name", flags=("--tls-max-version=TLS1.2",), joins=True),
    Fault("another host name", "peer-nosan", client="peer-nosan", first=NAMES),
    Fault("another host name for its calls", client="peer-other-address", first=NAMES,
          joins=None),
    Fault("other suites", flags=("--tls-max-version=TLS1.2",
                                 "--cipher-suites=" + NAMED_SUITE.format(256, 384)),
          first="tls: no cipher suite supported by both client and server; client offered: [c02c]",
          third="tls: no cipher suite supported by both client and server; client offered: [c02b]"),
    Fault("a newer version only", flags=("--tls-min-version=TLS1.3",), newer=True, alone=True,
          first="tls: client offered only unsupported versions: [304]",
          third="tls: client offered only unsupported versions: [303..."),
]


class Peers:
    """A cluster whose third member changes."""

    def __init__(self, directory, certificates, certificate, *flags):
        self.certificates, self.certificate, self.common = certificates, certificate, flags
        self.cluster = Cluster(directory / "peers", ("ours",) * 3, peer_tls=True)
        for one in self.cluster:
            one.extra_flags = [*self.flags(certificate), *flags]
        started(self.cluster)
        self.first, self.second, self.third = self.cluster
        # The two that stay keep the leadership.
        if self.cluster.wait_leader() is self.third:
            self.cluster.move_leader(self.first)
        self.third.kill()

    def flags(self, certificate, client=None, authority="ca"):
        trusted = getattr(self.certificates, authority)
        flags = peer_flags(self.certificates[certificate], getattr(trusted, "path", trusted))
        if client:
            other = self.certificates[client]
            flags += [f"--peer-client-cert-file={other.certificate}",
                      f"--peer-client-key-file={other.key}"]
        return flags

    def check(self, fault):
        certificate = self.certificate if fault.certificate == "peer-m3" else fault.certificate
        self.third.extra_flags = [
            *self.flags(certificate, fault.client, fault.authority),
            *(() if fault.alone else self.common), *fault.flags]
        first, third = Log(self.first), Log(self.third)
        self.third.start(wait=False)
        try:
            if fault.joins:
                self.third.wait_ready(60)
            if fault.first:
                first.wait_rejected(fault.first)
            if fault.third:
                third.wait_rejected(fault.third)
            if fault.dial:
                texts = (fault.dial, UNKNOWN_CERTIFICATE) if fault.dial == BAD else (fault.dial,)
                third.wait(lambda line: any(text in line.get("error", "") for text in texts),
                           fault.dial)
            if fault.joins is False:
                assert not any(line.get("msg") == READY for line in third.lines())
        finally:
            self.third.kill()

    def close(self):
        self.cluster.close()


class Log:
    """The lines of a member's log from now on."""

    def __init__(self, member):
        self.path = member.log_path
        self.begin = self.path.stat().st_size if self.path.exists() else 0

    def lines(self):
        with open(self.path, "rb") as log:
            log.seek(self.begin)
            text = log.read().decode(errors="replace")
        lines = []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def wait(self, condition, what):
        try:
            return until(lambda: next(filter(condition, self.lines()), None), 60, what)
        except AssertionError as error:
            seen = {(line.get("msg"), line.get("error")) for line in self.lines()
                    if line.get("error")}
            raise AssertionError(f"{error}; errors in the log: {seen}") from None

    def wait_rejected(self, text):
        messages = (REJECTED, "rejected connection")
        self.wait(lambda line: line.get("msg") in messages and same(line["error"], text), text)


def same(error, text):
    """Compares an error with a text, which may end with `...`."""
    if text == BAD and error == UNKNOWN_CERTIFICATE:
        return True
    if OLD:
        for prefix in ("tls: failed to verify certificate: ",
                       "tls: failed to verify client certificate: "):
            error, text = error.removeprefix(prefix), text.removeprefix(prefix)
        text = text.partition("; client offered:")[0]
    return error.startswith(text[:-3]) if text.endswith("...") else error == text


@pytest.fixture(scope="module")
def peers(tmp_path_factory, certificates):
    directory = tmp_path_factory.mktemp("peers")
    revoked = certificates.ca.revoke(directory / "crl.der", 0x424)
    one = Peers(directory, certificates, "peer-m3", f"--peer-crl-file={revoked}")
    yield one
    one.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_third_member_with(peers, fault):
    peers.check(fault)


@pytest.fixture(scope="module")
def named_peers(tmp_path_factory, certificates):
    """Members that require a common name, and do not compare names with addresses."""
    certificates.made["peer-m3-elsewhere"] = certificates.ca.issue(
        "peer-m3-elsewhere", kinds.name_of("m3.example.com"), addresses=["10.9.9.9"])
    one = Peers(tmp_path_factory.mktemp("named"), certificates, "peer-m3",
                "--peer-cert-allowed-cn=m3.example.com", "--peer-skip-client-san-verification")
    yield one
    one.close()


@pytest.mark.parametrize("fault", NAMED_FAULTS, ids=lambda fault: fault.id)
def test_with_a_required_common_name_and(named_peers, fault):
    named_peers.check(fault)


@pytest.fixture(scope="module")
def suite_peers(tmp_path_factory, certificates):
    """Members that require a host name, have one suite and no TLS 1.3."""
    one = Peers(tmp_path_factory.mktemp("suites"), certificates, "peer-m3",
                "--peer-cert-allowed-hostname=localhost", "--tls-max-version=TLS1.2",
                "--cipher-suites=" + NAMED_SUITE.format(128, 256))
    yield one
    one.close()


@pytest.mark.parametrize("fault", SUITE_FAULTS, ids=lambda fault: fault.id)
def test_with_a_required_host_name_one_suite_and(suite_peers, fault):
    if fault.newer and OLD:
        pytest.skip("3.5.1 has no TLS 1.3")
    suite_peers.check(fault)


# Certificate, client certificate, authority, reason of the refusal.
JOINS = {
    "another authority": ("peer-m3", None, "ca2", UNKNOWN),
    "an unknown certificate": ("peer-ca2", None, "bundle",
                               BAD),
    "a revoked certificate": ("peer-revoked", None, "ca", "EOF"),
    "another address": ("peer-m3", "peer-other-address", "ca", "EOF"),
}


def test_a_joining_member_is_refused_with_the_reason(peers):
    cluster = peers.cluster
    peers.third.extra_flags = [*peers.flags("peer-m3"), *peers.common]
    peers.third.start()
    new = cluster.add("ours", learner=True, via=peers.first, start=False)
    try:
        for what, (certificate, client, authority, reason) in JOINS.items():
            new.extra_flags = [*peers.flags(certificate, client, authority), *peers.common]
            begin = time.monotonic()
            log = Log(new)
            new.start(wait=False)
            assert new.process.wait(60) == 1, what
            assert time.monotonic() - begin < 30, what
            check_refused_join(log.lines(), reason, what)
            assert not (new.directory / "member/wal").exists()
        new.extra_flags = [*peers.flags("peer-m3"), *peers.common]
        new.start(wait=False)
        until(lambda: (status := new.status()) and status.leader, 60, "the learner's leader")
    finally:
        cluster.remove(new, via=peers.first)
        peers.third.kill()


def check_refused_join(lines, reason, what):
    failed = [line["error"] for line in lines if line["msg"] == "failed to get cluster response"]
    if OLD:
        reason = reason.removeprefix("tls: failed to verify certificate: ")
    reasons = (BAD, UNKNOWN_CERTIFICATE) if reason == BAD else (reason,)
    assert any(error.startswith('Get "https://127.0.0.1:') and
               error.partition('/members": ')[2] in reasons for error in failed), (what, failed)
    last = next(line for line in lines if line["level"] == "fatal")
    assert last["msg"] == "discovery failed", last
    assert last["error"] == ("cannot fetch cluster info from peer urls: could not retrieve cluster "
                             "information from the given URLs"), last


def test_peers_that_make_their_own_certificates(make_cluster):
    cluster = make_cluster("--peer-auto-tls", peer_tls=True)
    cluster[0].etcdctl("put", "a", "1")
    for one in cluster:
        assert one.etcdctl("get", "a", "--print-value-only").stdout == "1\n"
    cluster.same_hashes()
    leader = cluster.wait_leader()
    leader.kill()
    cluster.wait_leader(other_than=leader)
    leader.start()
    cluster.same_hashes()
