"""Certificates, keys, authorities and revocation lists replaced while a load runs and peers
reconnect. Nothing is restarted. A broken new file leaves the old one in use, with a warning."""
import contextlib
import threading
import time

import grpc
import pytest

from acceptance import api
from acceptance.certificates import CLIENT, EXPIRED, name_of, write_atomically
from acceptance.cluster import Cluster, is_3_5, started, until
from acceptance.members import our_etcd
from acceptance.rotated_files import RotatedFiles
from acceptance.secure import ClientTLS, attempt, rejected_with, served_serial

rpc = api.rpc
OLD = is_3_5(our_etcd())
UNKNOWN = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


class Load:
    """Puts through all members: over connections that stay, and over a new one each time."""

    def __init__(self, cluster, tls):
        self.cluster, self.tls, self.running = cluster, tls, True
        self.lasting, self.renewed, self.failures = 0, 0, []
        self.threads = [threading.Thread(target=self.put_over, args=(one,), daemon=True)
                        for one in cluster]
        self.threads.append(threading.Thread(target=self.reconnect, daemon=True))

    def put_over(self, member):
        kv = member.stub("KV")
        while self.running:
            try:
                kv.Put(rpc.PutRequest(key=b"lasting", value=b"1"), timeout=20)
                self.lasting += 1
            except grpc.RpcError as error:
                self.failed(error)
            time.sleep(0.02)

    def reconnect(self):
        while self.running:
            for member in self.cluster:
                try:
                    with api.connect(member.endpoint, self.tls.credentials()) as channel:
                        api.stub(channel, "KV").Put(
                            rpc.PutRequest(key=b"renewed", value=b"1"), timeout=20)
                    self.renewed += 1
                except grpc.RpcError as error:
                    # A real etcd fails while a certificate and its key do not match.
                    if not OLD:
                        self.failed(error)
                time.sleep(0.05)

    def failed(self, error):
        # A write that is on its way to the leader is lost when the peers' connections are reset.
        if not error.details().startswith(("etcdserver: ", "context deadline exceeded")):
            self.failures.append(error)

    def __enter__(self):
        for one in self.threads:
            one.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for one in self.threads:
            one.join()

    def check(self):
        """Both kinds of connections progress, and nothing has failed."""
        before = self.lasting, self.renewed
        until(lambda: self.lasting > before[0] + 10 and (OLD or self.renewed > before[1] + 3), 60,
              "progress of the load")
        assert not self.failures, self.failures[:3]


class Rotation:
    """A cluster of three whose files are replaced, under load."""

    def __init__(self, directory, certificates):
        self.files = RotatedFiles(directory, certificates)
        self.tls = ClientTLS(certificates.bundle, certificates["cli"])
        self.cluster = Cluster(directory / "rotated", ("ours",) * 3, self.files.flags(),
                               proxies=True, tls=self.tls, peer_tls=True)
        for number, one in enumerate(self.cluster):
            one.extra_flags = self.files.peer_flags(number)
        self.peer_tls = ClientTLS(certificates.bundle, certificates["peer-m1"])
        started(self.cluster)

    @contextlib.contextmanager
    def load(self, tls=None):
        with Load(self.cluster, tls or self.tls) as load:
            load.check()
            yield load
            load.check()

    def wait_served(self, serial):
        """Waits until every client listener serves the certificate with this serial number."""
        for one in self.cluster:
            until(lambda: served_serial(one.endpoint, self.tls) == serial, 60,
                  f"the new certificate of {one.name}")

    def wait_peer_served(self, number, serial):
        one = self.cluster[number]
        until(lambda: served_serial(f"127.0.0.1:{one.peer_port}", self.peer_tls) == serial, 60,
              f"the new peer certificate of {one.name}")

    def reconnect_peers(self):
        """Resets all connections between the members; all of them serve again afterwards."""
        names = [one.name for one in self.cluster]
        for name in names:
            self.cluster.proxies.isolate(name, [other for other in names if other != name],
                                         "refuse")
        self.cluster.proxies.heal()
        self.cluster.wait_healthy(seconds=60)

    def warnings(self, file):
        """The warnings about a file."""
        return [line for one in self.cluster for line in one.log_lines()
                if line["level"] == "warn" and str(file) in str(line)]

    def close(self):
        self.cluster.close()


@pytest.fixture(scope="module")
def rotation(tmp_path_factory, certificates):
    one = Rotation(tmp_path_factory.mktemp("rotation"), certificates)
    yield one
    one.close()


def test_certificates_and_keys_are_replaced_under_load(rotation):
    files, cluster = rotation.files, rotation.cluster
    watch = cluster[0].stub("Watch").Watch(iter([rpc.WatchRequest(
        create_request=rpc.WatchCreateRequest(key=b"watched"))]), timeout=300)
    assert next(watch).created
    with rotation.load():
        rotation.wait_served(files.replace(files.server))
        # A key of another type.
        rotation.wait_served(files.replace(files.server, key="p384"))
        serials = [files.replace(pair) for pair in files.peers]
        for number, serial in enumerate(serials):
            rotation.wait_peer_served(number, serial)
        rotation.reconnect_peers()
        cluster[1].stub("KV").Put(rpc.PutRequest(key=b"watched", value=b"1"), timeout=20)
        assert next(watch).events[0].kv.value == b"1", "a stream from before must stay open"
    watch.cancel()
    cluster.same_hashes()


def breakages(pair):
    """What may be wrong with new files: a description, and the change that breaks them."""
    return {
        "garbage": lambda: write_atomically(pair.certificate, b"garbage"),
        "an empty key": lambda: write_atomically(pair.key, b""),
        "no certificate": pair.certificate.unlink,
    }


@pytest.mark.parametrize("what", ["garbage", "an empty key", "no certificate"])
def test_broken_new_files_leave_the_old_ones_in_use(rotation, what):
    """Unlike ours, a real etcd refuses connections until the files are good again."""
    files, member = rotation.files, rotation.cluster[0]
    with rotation.load() as load:
        before = served_serial(member.endpoint, rotation.tls)
        seen = len(rotation.warnings(files.server.key.parent))
        breakages(files.server)[what]()
        breakages(files.peers[0])[what]()
        if OLD:
            assert attempt(member.endpoint, rotation.tls.context()).status is None
        else:
            until(lambda: len(rotation.warnings(files.server.key.parent)) > seen, 60, "a warning")
            rotation.reconnect_peers()
            load.check()
            assert served_serial(member.endpoint, rotation.tls) == before
        rotation.wait_peer_served(0, files.replace(files.peers[0]))
        rotation.wait_served(files.replace(files.server))


def test_an_expired_certificate_is_served_and_refused_by_clients(rotation):
    """Connections from before are not affected."""
    files, member = rotation.files, rotation.cluster[0]
    lasting = member.stub("KV")
    rotation.wait_served(files.replace(files.server, valid=EXPIRED))
    result = attempt(member.endpoint, rotation.tls.context())
    assert "certificate has expired" in str(result.error)
    lasting.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
    rotation.wait_served(files.replace(files.server))
    assert attempt(member.endpoint, rotation.tls.context()).status == 200


def victim_again(cluster, victim):
    """Resets the connections of a member with the others."""
    cluster.proxies.isolate(
        victim.name, [one.name for one in cluster if one is not victim], "refuse")
    cluster.proxies.heal()


def test_a_revoked_peer_is_refused_until_it_has_another_certificate(rotation):
    files, cluster = rotation.files, rotation.cluster
    victim = cluster[2]
    with rotation.load() as load:
        serial = files.replace(files.peers[2])
        rotation.wait_peer_served(2, serial)
        files.certificates.ca.revoke(files.crl, serial)
        if not OLD:
            time.sleep(1.2)
        text = f"transport: certificate serial {serial:04x} revoked"
        reset = time.monotonic()
        victim_again(cluster, victim)

        def is_refused(other):
            nonlocal reset
            if any(line.get("error") == text for line in other.log_lines()):
                return True
            # It may have been back before the list was read.
            if time.monotonic() > reset + 3:
                reset = time.monotonic()
                victim_again(cluster, victim)
            return False
        for other in (cluster[0], cluster[1]):
            until(lambda: is_refused(other), 60, f"a refusal by {other.name}")
        rotation.wait_peer_served(2, files.replace(files.peers[2]))
        files.certificates.ca.revoke(files.crl)
        cluster.wait_healthy(seconds=60)
        load.failures.clear()


@pytest.mark.skipif(OLD, reason="a real etcd reads authorities at the start only")
def test_the_authority_is_replaced_under_load(rotation):
    """First both are trusted, then all certificates are replaced, then the first is removed."""
    files, cluster, certificates = rotation.files, rotation.cluster, rotation.files.certificates
    ca2 = certificates.ca2
    new = ClientTLS(certificates.bundle, ca2.issue("cli-new", name_of("root"), usages=(CLIENT,)))
    with rotation.load():
        write_atomically(files.ca, certificates.bundle.read_bytes())
        for one in cluster:
            until(lambda: attempt(one.endpoint, new.context()).status == 200, 60,
                  f"the new authority at {one.name}")
    with rotation.load(new):
        for number, pair in enumerate(files.peers):
            rotation.wait_peer_served(number, files.replace(pair, ca2))
        rotation.wait_served(files.replace(files.server, ca2))
        rotation.reconnect_peers()
        former = rotation.tls.context()
        sessions = [attempt(one.endpoint, former).session for one in cluster]
        write_atomically(files.ca, ca2.path.read_bytes())
        for one, session in zip(cluster, sessions):
            until(lambda: attempt(one.endpoint, rotation.tls.context()).status is None, 60,
                  f"the end of the first authority at {one.name}")
            refused = attempt(one.endpoint, rotation.tls.context())
            rejected_with(one, refused.port, UNKNOWN)
            # A session from before does not get around the change.
            assert attempt(one.endpoint, former, session=session).status is None
            one.tls = new
        rotation.reconnect_peers()
    cluster.same_hashes()
