"""`etcd gateway`: the TCP proxy, its endpoints, its refusals, with members and bare sockets."""
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from acceptance import api
from acceptance.cluster import until
from acceptance.gateway import Gateway, settled
from acceptance.members import free_ports, our_etcd, tool
from acceptance.name_server import NameServer

rpc = api.rpc


@pytest.fixture
def gateway(tmp_path):
    """gateway(*flags) starts a gateway."""
    started = []

    def make(*flags, **options):
        one = Gateway(tmp_path, *flags, **options)
        started.append(one)
        return one.start()

    yield make
    for one in started:
        one.close()


@pytest.fixture
def backend():
    """A listening socket that stands for a member."""
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as listener:
        listener.settimeout(20)
        yield listener


def address(listener):
    return "{}:{}".format(*listener.getsockname())


def dial(gateway):
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
    connection.settimeout(20)
    return connection


def receive_all(connection, pause=0):
    data = bytearray()
    while part := connection.recv(65536):
        data += part
        time.sleep(pause)
    return bytes(data)


def put_and_get(gateway, value):
    """A put over a new connection, read back over another one."""
    with api.connect(gateway.address) as channel:
        api.stub(channel, "KV").Put(rpc.PutRequest(key=b"a", value=value), timeout=20)
    with api.connect(gateway.address) as channel:
        return api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"a"), timeout=20).kvs[0].value


# Members

def test_clients_are_served_while_a_member_is_down_and_when_it_is_back(make_cluster, gateway):
    cluster = make_cluster()
    members = list(cluster.members.values())
    endpoints = [member.endpoint for member in members]
    proxy = gateway("--endpoints", ",".join([members[0].url, *endpoints[1:]]),
                    "--retry-delay", "1s")
    assert proxy.lines("ready to proxy client requests")[0]["endpoints"] == endpoints
    assert put_and_get(proxy, b"1") == b"1"

    victim = members[0]
    victim.kill()
    for number in range(6):
        assert put_and_get(proxy, b"%d" % number) == b"%d" % number
    line = until(lambda: proxy.lines("deactivated endpoint"))[0]
    assert line["address"] == victim.endpoint and line["interval"] == "1s"
    assert line["error"] == f"dial tcp {victim.endpoint}: connect: connection refused"
    line, = until(lambda: proxy.lines(
        "failed to activate endpoint (stay inactive for another interval)")[:1])
    assert line["address"] == victim.endpoint and line["interval"] == "1s"

    victim.start(wait=False)
    line, = until(lambda: proxy.lines("activated"), what="the endpoint is active")
    assert line["address"] == victim.endpoint
    victim.wait_ready()
    assert put_and_get(proxy, b"back") == b"back"


def test_a_watch_and_etcdctl_work_through_it(start, gateway):
    member = start()
    proxy = gateway("--endpoints", member.endpoint)
    watch = subprocess.Popen(
        [tool("etcdctl"), "--endpoints", proxy.address, "watch", "k"], stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3"})
    try:
        # Until the watcher exists, puts are repeated.
        end = threading.Event()

        def put():
            while not end.is_set():
                member.etcdctl("put", "k", "v")
                end.wait(0.2)

        thread = threading.Thread(target=put)
        thread.start()
        lines = [watch.stdout.readline() for _ in range(3)]
        end.set()
        thread.join()
        assert lines == [b"PUT\n", b"k\n", b"v\n"]
    finally:
        watch.kill()
        watch.wait()


# Connections

def test_connections_rotate_and_are_closed_without_an_endpoint(gateway):
    listeners = [socket.create_server(("127.0.0.1", port)) for port in free_ports(2)]
    proxy = gateway("--endpoints", ",".join(map(address, listeners)), "--retry-delay", "500ms")
    for listener in listeners * 2:
        with dial(proxy) as client:
            client.sendall(b"hello")
            server, _ = listener.accept()
            assert server.recv(5) == b"hello"
            server.close()
            assert receive_all(client) == b""
    for listener in listeners:
        listener.close()
    for _ in range(3):
        with dial(proxy) as client:
            assert receive_all(client) == b""
    until(lambda: len(proxy.lines("deactivated endpoint")) >= 2)
    assert len(proxy.lines("deactivated endpoint")) == 2


@pytest.mark.parametrize("pause", [0, 0.002], ids=["fast", "slow"])
def test_the_end_of_one_direction_leaves_the_other_open(gateway, backend, pause):
    proxy = gateway("--endpoints", address(backend))
    request, response = os.urandom(3_000_000), os.urandom(3_000_000)
    with dial(proxy) as client:
        server, _ = backend.accept()
        with server:
            def respond():
                assert receive_all(server) == request
                server.sendall(response)
                server.close()

            thread = threading.Thread(target=respond)
            thread.start()
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            assert receive_all(client, pause) == response
            thread.join()


def test_a_side_that_closes_closes_the_other(gateway, backend):
    proxy = gateway("--endpoints", address(backend))
    idle = proxy.descriptors
    for _ in range(5):
        client = dial(proxy)
        server, _ = backend.accept()
        server.settimeout(20)
        client.close()
        assert server.recv(1) == b""
        server.close()
    until(lambda: proxy.descriptors <= idle + 1, what="the sockets are closed")
    with dial(proxy) as client:
        server, _ = backend.accept()
        # A reset instead of an end.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()
        try:
            assert client.recv(1) == b""
        except ConnectionResetError:
            pass


@pytest.mark.parametrize("from_client", [True, False])
def test_a_receiver_that_does_not_read_stops_the_sender(gateway, backend, from_client):
    proxy = gateway("--endpoints", address(backend))
    pairs = []
    for _ in range(20):
        client = dial(proxy)
        server, _ = backend.accept()
        pairs.append((client, server) if from_client else (server, client))
    memory = proxy.memory
    chunk = b"x" * 65536
    sent = [0] * len(pairs)

    def fill():
        for index, (sender, _) in enumerate(pairs):
            sender.setblocking(False)
            try:
                while sent[index] < 200_000_000:
                    sent[index] += sender.send(chunk)
            except BlockingIOError:
                pass
        return sum(sent)

    total = settled(fill)
    # The buffers of the sockets hold some megabytes for each connection, the proxy a fraction.
    assert total < len(pairs) * 30_000_000
    assert proxy.memory - memory < 20_000_000
    sender, receiver = pairs[0]
    receiver.settimeout(20)
    sender.setblocking(True)
    sender.shutdown(socket.SHUT_WR)
    assert len(receive_all(receiver)) == sent[0]
    for pair in pairs:
        for one in pair:
            one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(gateway, backend, number):
    assert gateway("--endpoints", address(backend)).stop(number) == -number


# Discovery

@pytest.fixture
def names(tmp_path):
    """names(services) serves SRV records and returns the prefix of commands that use them."""
    if os.geteuid() != 0:
        pytest.skip("another resolv.conf needs root")
    servers = []

    def make(services):
        server = NameServer(f"127.53.{os.getpid() % 250 + 1}.{len(servers) + 1}", services)
        servers.append(server)
        (tmp_path / "resolv.conf").write_text(f"nameserver {server.address}\n")
        return ["unshare", "-m", "sh", "-c",
                f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec \"$@\"", "sh"]

    yield make
    for server in servers:
        server.close()


def test_srv_records_are_the_endpoints_by_priority(names, gateway):
    first, second = [socket.create_server(("127.0.0.1", port)) for port in free_ports(2)]
    ports = [listener.getsockname()[1] for listener in (first, second)]
    prefix = names({"_etcd-client-blue._tcp.cluster.test.": [
        (2, 0, ports[1], "b.cluster.test."), (1, 0, ports[0], "a.cluster.test.")]})
    proxy = gateway("--discovery-srv", "cluster.test", "--discovery-srv-name", "blue",
                    "--insecure-discovery", prefix=prefix)
    found = [f"a.cluster.test.:{ports[0]}", f"b.cluster.test.:{ports[1]}"]
    line, = proxy.lines("discovered cluster from SRV")
    assert line["srv-server"] == "cluster.test"
    assert line["endpoints"] == ["http://" + one for one in found]
    assert proxy.lines("ready to proxy client requests")[0]["endpoints"] == found
    for _ in range(2):
        with dial(proxy):
            first.accept()[0].close()
    first.close()
    with dial(proxy):
        second.accept()[0].close()
    second.close()


def test_only_secure_endpoints_that_can_be_reached_are_used(names, gateway, backend, tmp_path):
    port, (closed,) = backend.getsockname()[1], free_ports(1)
    prefix = names({
        "_etcd-client-ssl._tcp.cluster.test.": [
            (0, 0, port, "a.cluster.test."), (0, 0, closed, "b.cluster.test.")],
        "_etcd-client._tcp.cluster.test.": [(0, 0, port, "c.cluster.test.")]})
    proxy = gateway("--discovery-srv", "cluster.test", prefix=prefix)
    line, = proxy.lines("failed to validate discovered endpoints")
    assert line["endpoints"] == [f"https://a.cluster.test.:{port}"]
    assert re.fullmatch(
        rf'"https://b.cluster.test.:{closed}" failed to dial \(dial tcp .*: connect: connection '
        rf'refused\),"http://c.cluster.test.:{port}" is insecure', line["error"])
    ready, = proxy.lines("ready to proxy client requests")
    assert ready["endpoints"] == [f"a.cluster.test.:{port}"]
    # Without a readable file none is valid, and --endpoints is used.
    other = gateway("--discovery-srv", "cluster.test", "--trusted-ca-file",
                    str(tmp_path / "missing"), "--endpoints", address(backend), prefix=prefix)
    line, = other.lines("failed to validate discovered endpoints")
    assert "no such file or directory" in line["error"]
    assert other.lines("ready to proxy client requests")[0]["endpoints"] == [address(backend)]


def test_a_domain_without_records_is_refused(names, tmp_path):
    prefix = names({})
    result = subprocess.run(
        [*prefix, our_etcd(), "gateway", "start", "--discovery-srv", "cluster.test"],
        capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert "dns lookup errors: lookup " in result.stderr


# Refusals, as those of a real etcd

def run(binary, *words):
    return subprocess.run([binary, "gateway", *words], capture_output=True, text=True, timeout=30)


REFUSED = [
    ("--endpoints", "bogus"),
    ("--endpoints", "http://bogus"),
    ("--endpoints", "[::1:5"),
    ("--endpoints", ""),
    ("--endpoints", "999.1.1.1:1"),
    ("--listen-addr", "bogus"),
    ("--listen-addr", "999.1.1.1:1"),
    ("--listen-addr", ":1"),
    ("--listen-addr", "127.0.0.1:26000", "--endpoints", "127.0.0.1:26000"),
    ("--listen-addr", "127.0.0.1:26000", "--endpoints", "http://localhost:26000"),
]


@pytest.mark.parametrize("flags", REFUSED, ids=" ".join)
def test_refused_as_by_etcd(flags):
    ours, real = run(our_etcd(), "start", *flags), run(tool("etcd"), "start", *flags)
    assert (ours.returncode, ours.stdout) == (real.returncode, real.stdout)
    assert ours.returncode == 1 and ours.stdout


def test_an_address_in_use_is_refused_as_by_etcd(backend):
    flags = ("start", "--listen-addr", address(backend))
    ours, real = run(our_etcd(), *flags), run(tool("etcd"), *flags)
    assert ours.returncode == real.returncode == 1
    assert ours.stderr.splitlines()[-1] == real.stderr.splitlines()[-1] == (
        f"listen tcp {address(backend)}: bind: address already in use")


@pytest.mark.parametrize("flags", [("--nope",), ("--retry-delay", "x")], ids=" ".join)
def test_malformed_flags_are_refused_as_by_etcd(flags):
    ours, real = run(our_etcd(), "start", *flags), run(tool("etcd"), "start", *flags)
    assert ours.returncode == real.returncode == 1
    assert ours.stderr.splitlines()[:3] == real.stderr.splitlines()[:3]


@pytest.mark.parametrize("words", [(), ("foo",), ("--help",), ("start", "--help")], ids=" ".join)
def test_help_names_the_same_commands_and_flags(words):
    def names(result):
        assert result.returncode == 0
        # The descriptions are our own.
        return re.findall(r"^ +(?:-h, )?(--[a-z-]+(?: [a-z]+)?(?=   )|etcd .*|start(?= ))",
                          result.stdout, re.MULTILINE)

    ours, real = names(run(our_etcd(), *words)), names(run(tool("etcd"), *words))
    assert ours == real and len(ours) > 1


@pytest.mark.parametrize("words", [("nosuch",), ("version",)], ids=" ".join)
def test_other_words_are_no_commands(words):
    result = subprocess.run([our_etcd(), *words], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert f'\\"{words[0]}\\" is not a valid flag' in result.stderr
