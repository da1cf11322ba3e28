"""The command line of a production cluster, as it stands: four members on four addresses, TLS with
certificates of both sides on every wire, metrics in plaintext on a port of their own."""
import json
import os
import re
import signal
import subprocess
import urllib.request

import pytest

from acceptance import api, certificates as kinds
from acceptance.cluster import RECONNECT, is_3_5, until
from acceptance.members import ROOT, Member, free_ports, our_etcd, tool
from acceptance.secure import ClientTLS

rpc = api.rpc
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 6)]
# A connection inside the machine comes from 127.0.0.1, whatever address it goes to.
NAMES = {"addresses": ["127.0.0.1", *ADDRESSES], "names": ["localhost"]}
SUITES = ",".join([
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"])


class ProductionMember(Member):
    """A member of the cluster. Its files are server.crt, peer.crt, ... in its working directory."""

    def __init__(self, directory, address, tls):
        super().__init__(our_etcd(), directory / "data", tls=tls)
        self.address = address
        self.metrics_port, = free_ports(1)
        self.cluster = None
        self._channel = None

    @property
    def endpoint(self):
        return f"{self.address}:{self.client_port}"

    @property
    def peer_url(self):
        return f"https://{self.address}:{self.peer_port}"

    def arguments(self):
        return [
            self.binary, f"--name={self.address}", f"--data-dir={self.directory}",
            f"--listen-client-urls=https://127.0.0.1:{self.client_port},{self.url}",
            f"--advertise-client-urls={self.url}", f"--listen-peer-urls={self.peer_url}",
            f"--initial-advertise-peer-urls={self.peer_url}",
            f"--listen-metrics-urls=http://0.0.0.0:{self.metrics_port}",
            f"--initial-cluster={self.cluster}", "--initial-cluster-state=new",
            "--cert-file=server.crt", "--key-file=server.key", "--trusted-ca-file=ca.crt",
            "--client-cert-auth=true", "--peer-cert-file=peer.crt", "--peer-key-file=peer.key",
            "--peer-trusted-ca-file=ca.crt", "--peer-client-cert-auth=true",
            "--snapshot-count=10000", "--quota-backend-bytes=8589934592",
            f"--cipher-suites={SUITES}"]

    @property
    def channel(self):
        if self._channel is None:
            self._channel = self.connect(**RECONNECT)
        return self._channel

    def status(self):
        return api.stub(self.channel, "Maintenance").Status(rpc.StatusRequest(), timeout=10)

    def metrics(self, path):
        url = f"http://{self.address}:{self.metrics_port}{path}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.read().decode()

    def close(self):
        if self._channel:
            self._channel.close()
        super().close()


@pytest.fixture(scope="module")
def members(tmp_path_factory, certificates):
    directory = tmp_path_factory.mktemp("production")
    ca = certificates.ca
    server = ca.issue("production-server", kinds.name_of("server"), key="rsa", **NAMES)
    tls = ClientTLS(ca.path, certificates["cli"])
    members = []
    for address in ADDRESSES:
        one = ProductionMember(directory / address, address, tls)
        one.directory.mkdir(parents=True, mode=0o700)
        peer = ca.issue(f"production-{address}", kinds.name_of(address), names=["localhost"],
                        addresses=["127.0.0.1", address])
        for source, name in ((server.certificate, "server.crt"), (server.key, "server.key"),
                             (peer.certificate, "peer.crt"), (peer.key, "peer.key"),
                             (ca.path, "ca.crt")):
            (directory / address / name).write_bytes(source.read_bytes())
        members.append(one)
    cluster = ",".join(f"{one.address}={one.peer_url}" for one in members)
    try:
        for one in members:
            one.cluster = cluster
            one.start(wait=False)
        for one in members:
            one.wait_ready()
        yield members
    finally:
        for one in members:
            one.close()


def leader(members):
    """The leader that all of these know, or None."""
    statuses = [one.status() for one in members]
    if len({status.leader for status in statuses}) != 1 or not statuses[0].leader:
        return None
    return next((one for one, status in zip(members, statuses)
                 if status.header.member_id == status.leader), None)


def test_every_endpoint_serves_clients_with_a_certificate(members):
    endpoints = [url for one in members
                 for url in (one.url, f"https://127.0.0.1:{one.client_port}")]
    for number, url in enumerate(endpoints):
        members[0].etcdctl("--endpoints", url, "put", f"key/{number}", url)
    for number, url in enumerate(endpoints):
        found = members[0].etcdctl(
            "--endpoints", endpoints[number - 1], "get", f"key/{number}", "--print-value-only")
        assert found.stdout == url + "\n"
    health = members[0].etcdctl("endpoint", "health", "--cluster", "-w", "json").stdout
    assert sorted(one["endpoint"] for one in json.loads(health)) == [one.url for one in members]
    assert all(one["health"] for one in json.loads(health))
    listed = json.loads(members[0].etcdctl("member", "list", "-w", "json").stdout)["members"]
    assert sorted((one["name"], one["peerURLs"], one["clientURLs"]) for one in listed) == [
        (one.address, [one.peer_url], [one.url]) for one in members]


def test_the_logs_say_what_is_encrypted(members):
    for one in members:
        lines = one.log_lines()
        client = next(line for line in lines if line["msg"] == "starting with client TLS")
        assert client["tls-info"] == (
            "cert = server.crt, key = server.key, client-cert=, client-key=, trusted-ca = ca.crt, "
            "client-cert-auth = true, crl-file = ")
        assert client["cipher-suites"] == SUITES.split(",")
        assert any(line["msg"] == "starting with peer TLS" for line in lines)
        secure = [line["address"] for line in lines
                  if line["msg"] == "serving client traffic securely"]
        assert sorted(secure) == [f"127.0.0.1:{one.client_port}", one.endpoint]


def test_neither_clients_nor_peers_are_served_without_a_certificate(members, certificates):
    one, ca = members[0], certificates.ca.path
    result = subprocess.run(
        ["curl", "-sS", "--cacert", ca, f"{one.url}/health"], capture_output=True, text=True)
    assert result.returncode in (16, 35, 55, 56) and result.stdout == "", result
    for certificate in ((), ("--cert", certificates["cli-ca2"].certificate, "--key",
                             certificates["cli-ca2"].key)):
        for path in ("/version", "/members", "/raft/probing"):
            result = subprocess.run(["curl", "-sS", "--cacert", ca, *certificate,
                                     one.peer_url + path], capture_output=True, text=True)
            assert result.returncode in (16, 35, 55, 56) and result.stdout == "", result
    result = subprocess.run(["curl", "-sS", f"http://{one.endpoint}/health"], capture_output=True,
                            text=True)
    assert result.returncode == 52, result
    stranger = ClientTLS(ca)
    one.tls, tls = stranger, one.tls
    try:
        result = one.etcdctl("--command-timeout=1s", "put", "a", "1", check=False)
    finally:
        one.tls = tls
    assert result.returncode == 1 and "context deadline exceeded" in result.stderr
    expected = {"rejected connection"} if is_3_5(our_etcd()) else {
        "rejected connection on client endpoint", "rejected connection on peer endpoint"}
    until(lambda: {line["msg"] for line in one.log_lines()
                   if line.get("error") == "tls: client didn't provide a certificate"} == expected,
          what="the lines of the refusals")


def test_metrics_are_served_in_plaintext(members):
    for one in members:
        assert "\netcd_server_has_leader 1\n" in one.metrics("/metrics")
        assert json.loads(one.metrics("/health"))["health"] == "true"


def test_the_cluster_survives_its_leader_and_takes_it_back(members):
    first = until(lambda: leader(members), 60, "a leader")
    others = [one for one in members if one is not first]
    first.kill()
    kv = api.stub(others[0].channel, "KV")
    put = rpc.PutRequest(key=b"after", value=b"the leader")
    until(lambda: succeeds(lambda: kv.Put(put, timeout=5)), 60, "a put without the first leader")
    assert until(lambda: leader(others), 60, "another leader") is not first
    first.start()
    assert first.etcdctl("get", "after", "--print-value-only").stdout == "the leader\n"
    revision = others[0].hash_kv()[2]
    hashes = {until(lambda: one.hash_kv(revision)) for one in members
              if until(lambda: one.hash_kv()[2] >= revision)}
    assert len({found[0] for found in hashes}) == 1


def succeeds(call):
    try:
        call()
        return True
    except api.grpc.RpcError:
        return False


def test_all_members_restart_from_their_files(members):
    for one in members:
        one.process.terminate()
    for one in members:
        assert one.stop() in (0, -signal.SIGTERM)
    for one in members:
        one.start(wait=False)
    for one in members:
        one.wait_ready()
        assert one.etcdctl("get", "after", "--print-value-only").stdout == "the leader\n"


def test_make_cluster_encrypts_every_wire(tmp_path):
    """Scripts/cluster.sh with TLS=1, as `make cluster TLS=1` runs it."""
    ports = free_ports(6)
    directory = tmp_path / "cluster"
    process = subprocess.Popen(
        ["bash", str(ROOT / "Scripts/cluster.sh"), our_etcd()], stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "TLS": "1", "CLUSTER_DIRECTORY": str(directory),
             "CLUSTER_PORTS": ",".join(f"{a} {b}" for a, b in zip(ports[::2], ports[1::2]))})
    try:
        printed = ""
        while "Ctrl-C stops all" not in printed:
            printed += (line := process.stdout.readline())
            assert line, printed
        variables = dict(re.findall(r"(ETCDCTL_\w+)=(\S+)", printed))
        assert set(variables) == {
            "ETCDCTL_ENDPOINTS", "ETCDCTL_CACERT", "ETCDCTL_CERT", "ETCDCTL_KEY"}

        def etcdctl(*arguments):
            return subprocess.run(
                [tool("etcdctl"), "--command-timeout=2s", *arguments], capture_output=True,
                text=True, env={"PATH": os.environ["PATH"], **variables})

        until(lambda: etcdctl("put", "greeting", "hello").returncode == 0, 60, "a put")
        assert etcdctl("get", "greeting", "--print-value-only").stdout == "hello\n"
        refused = subprocess.run(
            ["curl", "-sS", "--cacert", variables["ETCDCTL_CACERT"],
             variables["ETCDCTL_ENDPOINTS"].split(",")[0] + "/health"], capture_output=True)
        assert refused.returncode != 0 and refused.stdout == b""
        keys = list((directory / "tls").glob("*.key"))
        assert len(keys) == 4 and all(path.stat().st_mode & 0o77 == 0 for path in keys)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
