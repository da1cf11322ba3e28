"""`etcd grpc-proxy start`: before our member and before the real etcd 3.5.1, with etcd's clients."""
import contextlib
import json
import queue
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest

from acceptance import api
from acceptance.cluster import until
from acceptance.members import free_ports, our_etcd
from acceptance.proxies import GRPCProxy
from acceptance.secure import ClientTLS, server_flags

rpc = api.rpc


@pytest.fixture
def start_proxy(tmp_path):
    """start_proxy(member, *flags) starts a proxy before a member, or before endpoints."""
    started = []

    def make(member, *flags, wait=True, **options):
        endpoints = member if isinstance(member, (str, list)) else member.endpoint
        one = GRPCProxy(tmp_path / f"proxy-{len(started)}", endpoints, *flags, **options)
        started.append(one)
        return one.start(wait=wait)

    yield make
    for one in started:
        one.close()


@pytest.fixture(params=["ours", "real"])
def server(request, start):
    """A member of either kind."""
    return start(real=request.param == "real")


class Watching:
    """A watch stream; `take` returns its next response."""

    def __init__(self, channel, *metadata):
        self.requests, self.responses = queue.Queue(), queue.Queue()
        self.call = api.stub(channel, "Watch").Watch(
            iter(self.requests.get, None), metadata=metadata)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for response in self.call:
                self.responses.put(response)
        except grpc.RpcError as error:
            self.responses.put(error)

    def create(self, key, **options):
        self.requests.put(rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=key, **options)))

    def cancel(self, watch_id):
        self.requests.put(rpc.WatchRequest(
            cancel_request=rpc.WatchCancelRequest(watch_id=watch_id)))

    def take(self, seconds=60):
        return self.responses.get(timeout=seconds)

    def take_events(self, seconds=60):
        return [(event.type, event.kv.key, event.kv.value)
                for event in self.take(seconds).events]

    def is_silent(self, seconds=0.5):
        try:
            return self.responses.get(timeout=seconds) is None
        except queue.Empty:
            return True


@pytest.fixture
def channel_of():
    """channel_of(member or proxy) opens a channel."""
    opened = []

    def make(one):
        opened.append(one.connect())
        return opened[-1]

    yield make
    for channel in opened:
        channel.close()


def error_of(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, timeout=30, **options)
    return caught.value.code(), caught.value.details()


# The process


def test_log_lines_and_signals(start, start_proxy):
    proxy = start_proxy(start())
    own = [
        "listening for gRPC proxy client requests", "create proxy client",
        "gRPC proxy listening for metrics", "started gRPC proxy", "notifying init daemon",
        "successfully notified init daemon", "gRPC proxy server metrics URL serving"]


    def logged():
        return [line["msg"] for line in proxy.log_lines(delay=0) if line["msg"] in own]
    until(lambda: len(logged()) >= len(own), what="the lines of the start")
    assert logged() == own
    assert proxy.stop() == -signal.SIGTERM


def test_starts_without_members(start_proxy):
    (port,) = free_ports(1)
    proxy = start_proxy(f"127.0.0.1:{port}")
    assert proxy.get("/health", timeout=60) == (
        503, '{"health":"false","reason":"GET ERROR:context deadline exceeded"}\n')
    with proxy.connect() as channel:
        code, text = error_of(api.stub(channel, "Maintenance").Status, rpc.StatusRequest())
        assert code == grpc.StatusCode.UNAVAILABLE
        assert text.startswith('connection error: desc = "transport: Error while dialing: dial tcp')
        with pytest.raises(grpc.RpcError) as caught:
            api.stub(channel, "KV").Put(rpc.PutRequest(key=b"k"), timeout=1)
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        members = api.stub(channel, "Cluster").MemberList(rpc.MemberListRequest(), timeout=30)
        assert [list(one.clientURLs) for one in members.members] == [[proxy.endpoint]]


REFUSALS = [
    (["--resolver-prefix", "x"], "invalid resolver-ttl 0"),
    (["--resolver-prefix", "x", "--resolver-ttl", "-1"], "invalid resolver-ttl -1"),
    (["--resolver-ttl", "5"], 'invalid resolver-prefix ""'),
    (["--resolver-prefix", "x", "--resolver-ttl", "5", "--advertise-client-url", ""],
     'invalid advertise-client-url ""'),
    (["--auto-tls", "--self-signed-cert-validity", "0"],
     "selfSignedCertValidity is invalid,it should be greater than 0"),
    (["--tls-min-version", "TLS1.1"],
     'tls-min-version is invalid: unexpected TLS version "TLS1.1" (must be one of: TLS1.2, TLS1.3)'),
    (["--tls-max-version", "x"],
     'tls-max-version is invalid: unexpected TLS version "x" (must be one of: TLS1.2, TLS1.3)'),
    (["--tls-min-version", "TLS1.3", "--tls-max-version", "TLS1.2"],
     "min version (TLS1.3) is greater than max version (TLS1.2)"),
    (["--tls-min-version", "TLS1.3", "--listen-cipher-suites", "TLS_RSA_WITH_AES_128_CBC_SHA"],
     "cipher suites cannot be configured when only TLS1.3 is enabled"),
    (["--listen-addr", "bogus"], "listen tcp: address bogus: missing port in address"),
    (["--metrics-addr", "127.0.0.1:26101"], 'cannot parse "127.0.0.1:26101"'),
    (["--cacert", "missing.crt"], "open missing.crt: no such file or directory"),
    (["--cert", "missing.crt", "--key", "missing.key"],
     "open missing.crt: no such file or directory"),
    (["--cert", "nocn.crt"],
     "KeyFile and CertFile must both be present[key: , cert: nocn.crt]"),
    (["--endpoints", ""], "etcdclient: no available endpoints"),
    (["--nope"], "Error: unknown flag: --nope"),
    (["--resolver-ttl", "abc"],
     'Error: invalid argument "abc" for "--resolver-ttl" flag: strconv.ParseInt: parsing "abc": '
     "invalid syntax"),
]


def run_proxy(*words, directory=None):
    return subprocess.run(
        [our_etcd(), "grpc-proxy", *words], capture_output=True, text=True, timeout=30,
        cwd=directory)


@pytest.mark.parametrize("flags, text", REFUSALS, ids=[" ".join(one) for one, _ in REFUSALS])
def test_refusals(flags, text, tmp_path):
    (port,) = free_ports(1)
    result = run_proxy("start", "--listen-addr", f"127.0.0.1:{port}", *flags, directory=tmp_path)
    assert result.returncode == 1
    lines = [line for line in result.stderr.splitlines() if not line.startswith("{")]
    assert lines[0] == text


def test_used_address_is_refused(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        result = run_proxy("start", "--listen-addr", address, directory=tmp_path)
        assert result.returncode == 1
        assert f"listen tcp {address}: bind: address already in use\n" in result.stderr


def test_help():
    for words in ([], ["stop"], ["start", "--help"]):
        result = run_proxy(*words)
        assert (result.returncode, result.stderr) == (0, "")
        assert "Usage:" in result.stdout
    assert "--experimental-serializable-ordering" in run_proxy("start", "--help").stdout


# HTTP


def test_pages(start, start_proxy):
    member = start()
    proxy = start_proxy(member)
    own = proxy.get("/proxy/metrics")[1]
    for name in ("cache_hits", "cache_keys", "cache_misses", "events_coalescing",
                 "watchers_coalescing"):
        assert f"\netcd_grpc_proxy_{name}_total 0\n" in own
    for path in ("/health", "/proxy/health"):
        until(lambda: proxy.get(path)[0] == 200, 60, path)
        assert proxy.get(path) == (200, '{"health":"true","reason":""}')
    assert "etcd_server_has_leader 1" in proxy.get("/metrics")[1]
    for path in ("/version", "/livez", "/readyz", "/debug/vars", "/v3/kv/range", "/debug/pprof/"):
        assert proxy.get(path) == (404, "404 page not found\n")
    with socket.create_connection(("127.0.0.1", proxy.peer_port)) as connection:
        connection.sendall(b"POST /health HTTP/1.0\r\n\r\n")
        response = connection.recv(4096)
        assert b" 405 " in response and b"Allow: GET" in response


def test_proxy_health_without_advertised_url(start, start_proxy):
    proxy = start_proxy(start(), "--advertise-client-url", "", advertise=False)
    assert proxy.get("/proxy/health") == (
        503, '{"health":"false","reason":"no connection to proxy"}\n')
    with proxy.connect() as channel:
        members = api.stub(channel, "Cluster").MemberList(rpc.MemberListRequest(), timeout=30)
        assert members.members[0].ID != 0


# Services


def test_etcdctl_through_the_proxy(server, start_proxy):
    proxy = start_proxy(server)
    assert proxy.etcdctl("put", "k", "v").stdout == "OK\n"
    assert proxy.etcdctl("get", "k").stdout == "k\nv\n"
    assert proxy.etcdctl("get", "--consistency", "s", "k").stdout == "k\nv\n"
    assert proxy.etcdctl("del", "k").stdout == "1\n"
    lease = proxy.etcdctl("lease", "grant", "60").stdout.split()[1]
    assert f"lease {lease} keepalived with TTL(60)" in proxy.etcdctl(
        "lease", "keep-alive", "--once", lease).stdout
    proxy.etcdctl("put", "--lease", lease, "k", "v")
    assert "attached keys([k])" in proxy.etcdctl("lease", "timetolive", "--keys", lease).stdout
    assert proxy.etcdctl("lease", "revoke", lease).stdout == f"lease {lease} revoked\n"
    assert proxy.etcdctl("lock", "name", "echo", "held").stdout == "held\n"
    assert proxy.etcdctl("endpoint", "status", "-w", "json").stdout
    snapshot = server.directory.with_suffix(".snapshot")
    proxy.etcdctl("snapshot", "save", str(snapshot))
    assert snapshot.stat().st_size > 0
    assert "txn" not in proxy.etcdctl(
        "txn", input='value("k") = "x"\n\nput k success\n\nput k failure\n\n').stderr


def test_errors_keep_their_text(server, start_proxy, channel_of):
    proxy = start_proxy(server)
    direct, through = (api.stub(channel_of(one), "KV") for one in (server, proxy))
    for request in (rpc.RangeRequest(), rpc.RangeRequest(key=b"k", revision=1_000)):
        assert error_of(through.Range, request) == error_of(direct.Range, request)
    assert error_of(through.Put, rpc.PutRequest()) == error_of(direct.Put, rpc.PutRequest())
    empty = rpc.TxnRequest(success=[rpc.RequestOp()])
    assert error_of(through.Txn, empty) == error_of(direct.Txn, empty)
    leases = [api.stub(channel_of(one), "Lease") for one in (proxy, server)]
    codes = [error_of(one.LeaseRevoke, rpc.LeaseRevokeRequest(ID=4)) for one in leases]
    assert codes[0] == codes[1]
    assert until(lambda: proxy.process.poll() is None)


def test_cluster_and_streams(server, start_proxy, channel_of):
    proxy = start_proxy(server)
    channel = channel_of(proxy)
    members = api.stub(channel, "Cluster").MemberList(rpc.MemberListRequest(), timeout=30)
    assert not members.HasField("header")
    assert [(one.name, list(one.clientURLs), one.ID) for one in members.members] == [
        (socket.gethostname(), [proxy.endpoint], 0)]
    with pytest.raises(grpc.RpcError) as caught:
        list(api.stub(channel, "KV").RangeStream(rpc.RangeRequest(key=b"k"), timeout=5))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == "RangeStream is not supported by the gRPC proxy"
    code, text = error_of(
        api.stub(channel, "Health").Check, api.health.HealthCheckRequest())
    assert (code, text) == (
        grpc.StatusCode.UNIMPLEMENTED, "unknown service grpc.health.v1.Health")
    lease = api.stub(channel, "Lease").LeaseGrant(rpc.LeaseGrantRequest(TTL=60), timeout=5)
    campaign = api.stub(channel, "Election").Campaign(
        api.election.CampaignRequest(name=b"e", lease=lease.ID, value=b"me"), timeout=10)
    observed = api.stub(channel, "Election").Observe(api.election.LeaderRequest(name=b"e"))
    assert next(iter(observed)).kv.value == b"me"
    observed.cancel()
    api.stub(channel, "Election").Resign(
        api.election.ResignRequest(leader=campaign.leader), timeout=10)


# The cache


def test_serializable_ranges_are_cached(server, start_proxy, channel_of):
    proxy = start_proxy(server)
    direct, through = (api.stub(channel_of(one), "KV") for one in (server, proxy))
    through.Put(rpc.PutRequest(key=b"k", value=b"1"))
    assert through.Range(rpc.RangeRequest(key=b"k")).kvs[0].value == b"1"

    def cached(key=b"k", **options):
        return through.Range(rpc.RangeRequest(key=key, serializable=True, **options))

    direct.Put(rpc.PutRequest(key=b"k", value=b"2"))
    assert cached().kvs[0].value == b"1", "written around the proxy"
    assert through.Range(rpc.RangeRequest(key=b"k")).kvs[0].value == b"2"
    assert cached().kvs[0].value == b"2", "each response is stored"
    assert cached(range_end=b"l").count == 1
    through.Put(rpc.PutRequest(key=b"k", value=b"3"))
    assert cached().kvs[0].value == b"3", "a put removes what it changes"
    assert cached(range_end=b"l").kvs[0].value == b"3", "also from ranges"
    through.Txn(rpc.TxnRequest(success=[
        rpc.RequestOp(request_put=rpc.PutRequest(key=b"k", value=b"4"))]))
    assert cached().kvs[0].value == b"4"
    through.DeleteRange(rpc.DeleteRangeRequest(key=b"a", range_end=b"z"))
    assert cached().count == 0
    direct.Put(rpc.PutRequest(key=b"k", value=b"5"))
    assert cached().count == 0, "not found is stored as well"
    values = proxy.metrics()
    assert values["etcd_grpc_proxy_cache_hits_total"] == 3
    assert values["etcd_grpc_proxy_cache_misses_total"] == 5
    assert values["etcd_grpc_proxy_cache_keys_total"] >= 1


def test_compacted_revisions_are_refused_from_the_cache(server, start_proxy, channel_of):
    through = api.stub(channel_of(start_proxy(server)), "KV")
    for number in range(5):
        revision = through.Put(rpc.PutRequest(key=b"k", value=b"%d" % number)).header.revision
    old = rpc.RangeRequest(key=b"k", revision=revision - 2, serializable=True)
    assert through.Range(old).kvs[0].value == b"2"
    through.Compact(rpc.CompactionRequest(revision=revision))
    assert error_of(through.Range, old) == (
        grpc.StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted")


def enable_users(member):
    """A user root with the password root, and alice, who may read keys below a/."""
    for words in (["user", "add", "root:root"], ["user", "grant-role", "root", "root"],
                  ["role", "add", "reader"], ["user", "add", "alice:alice"],
                  ["role", "grant-permission", "--prefix", "reader", "read", "a/"],
                  ["user", "grant-role", "alice", "reader"], ["auth", "enable"]):
        member.etcdctl(*words)


def token_of(channel, name):
    response = api.stub(channel, "Auth").Authenticate(
        rpc.AuthenticateRequest(name=name, password=name))
    return ("token", response.token)


def test_identities(server, start_proxy, channel_of):
    server.etcdctl("role", "add", "root", check=False)
    enable_users(server)
    proxy = start_proxy(server)
    channel = channel_of(proxy)
    through = api.stub(channel, "KV")
    root, alice = token_of(channel, "root"), token_of(channel, "alice")
    through.Put(rpc.PutRequest(key=b"b", value=b"secret"), metadata=[root])
    request = rpc.RangeRequest(key=b"b", serializable=True)
    assert through.Range(request, metadata=[root]).kvs[0].value == b"secret"
    assert error_of(through.Range, request)[1] == "etcdserver: user name is empty"
    assert error_of(through.Range, request, metadata=[alice])[1] == "etcdserver: permission denied"
    assert proxy.get("/health") == (
        503, '{"health":"false","reason":"GET ERROR:etcdserver: user name is empty"}\n')

    watch = Watching(channel)
    watch.create(b"b")
    refused = watch.take()
    assert (refused.created, refused.canceled, refused.watch_id) == (True, True, -1)
    assert refused.cancel_reason == "etcdserver: user name is empty"
    watch = Watching(channel, alice)
    watch.create(b"a/", range_end=b"a0")
    assert watch.take().created
    through.Put(rpc.PutRequest(key=b"a/1", value=b"v"), metadata=[root])
    assert watch.take_events() == [(0, b"a/1", b"v")]


# Watches


def test_watch_ids_filters_and_cancel(server, start_proxy, channel_of):
    channel = channel_of(start_proxy(server))
    through = api.stub(channel, "KV")
    watch = Watching(channel)
    watch.create(b"k", watch_id=77)
    first = watch.take()
    assert (first.created, first.watch_id) == (True, 0)
    assert first.header.cluster_id != 0
    watch.create(b"k", filters=[rpc.WatchCreateRequest.NOPUT])
    assert watch.take().watch_id == 1
    watch.create(b"k", prev_kv=True)
    assert watch.take().watch_id == 2
    through.Put(rpc.PutRequest(key=b"k", value=b"1"))
    taken = {response.watch_id: response for response in (watch.take(), watch.take())}
    assert sorted(taken) == [0, 2]
    through.DeleteRange(rpc.DeleteRangeRequest(key=b"k"))
    taken = {response.watch_id: response for response in (watch.take() for _ in range(3))}
    assert sorted(taken) == [0, 1, 2]
    assert taken[2].events[0].prev_kv.value == b"1"
    assert not taken[0].events[0].HasField("prev_kv")
    watch.cancel(1)
    canceled = watch.take()
    assert (canceled.canceled, canceled.watch_id) == (True, 1)
    watch.cancel(9)
    watch.requests.put(rpc.WatchRequest(progress_request=rpc.WatchProgressRequest()))
    watch.requests.put(rpc.WatchRequest())
    assert watch.is_silent()


def test_refused_and_compacted_watches(server, start_proxy, channel_of):
    channel = channel_of(start_proxy(server))
    through = api.stub(channel, "KV")
    for number in range(5):
        revision = through.Put(rpc.PutRequest(key=b"k", value=b"%d" % number)).header.revision
    watch = Watching(channel)
    for options, reason in (
            (dict(start_revision=-1), "etcdserver: mvcc: required revision has been compacted"),
            (dict(range_end=b"a"), "")):
        watch.create(b"k", **options)
        refused = watch.take()
        assert (refused.created, refused.canceled, refused.watch_id) == (True, True, -1)
        assert refused.cancel_reason == reason and refused.header.revision == 0
    watch.create(b"k", start_revision=revision - 1)
    assert watch.take().created
    events = watch.take_events()
    while len(events) < 2:
        events += watch.take_events()
    assert events == [(0, b"k", b"3"), (0, b"k", b"4")]
    through.Compact(rpc.CompactionRequest(revision=revision))
    watch.create(b"k", start_revision=revision - 2)
    assert watch.take().created
    canceled = watch.take()
    assert canceled.canceled and canceled.compact_revision == revision and canceled.watch_id == 1


def test_half_closed_watch_ends(start, start_proxy, channel_of):
    watch = Watching(channel_of(start_proxy(start())))
    watch.create(b"k")
    assert watch.take().created
    watch.requests.put(None)
    assert watch.take().code() == grpc.StatusCode.CANCELLED


def watchers_of(member):
    for line in member.get("/metrics")[1].splitlines():
        if line.startswith("etcd_debugging_mvcc_watcher_total "):
            return int(float(line.split()[1]))


def test_a_thousand_watchers_cost_the_member_one(server, start_proxy, channel_of):
    proxy = start_proxy(server)
    channel = channel_of(proxy)
    streams = [Watching(channel) for _ in range(10)]
    for number in range(1_000):
        streams[number % 10].create(b"k")
    for number in range(1_000):
        assert streams[number % 10].take().created
    until(lambda: watchers_of(server) == 1, 60, "one watcher at the member")
    until(lambda: proxy.metrics()["etcd_grpc_proxy_watchers_coalescing_total"] == 999,
          what="the count of the watchers")
    api.stub(channel, "KV").Put(rpc.PutRequest(key=b"k", value=b"v"))
    for stream in streams:
        ids = {response.watch_id for response in (stream.take() for _ in range(100))}
        assert ids == set(range(100))
    until(lambda: proxy.metrics()["etcd_grpc_proxy_events_coalescing_total"] == 999,
          what="the count of the events")
    for stream in streams:
        stream.call.cancel()
    until(lambda: watchers_of(server) == 0, 60, "no watcher at the member")


def test_a_client_that_does_not_read_holds_up_no_other(server, start_proxy, channel_of):
    proxy = start_proxy(server)
    slow_channel, channel = channel_of(proxy), channel_of(proxy)
    through = api.stub(channel, "KV")
    requests = queue.Queue()
    requests.put(rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"k")))
    slow = api.stub(slow_channel, "Watch").Watch(iter(requests.get, None))
    assert next(slow).created
    fast = Watching(channel)
    fast.create(b"k")
    assert fast.take().created
    count, value = 60, b"x" * 500_000
    for number in range(count):
        through.Put(rpc.PutRequest(key=b"k", value=b"%d-" % number + value))
    for number in range(count):
        assert fast.take().events[0].kv.value.startswith(b"%d-" % number)
    seen = []
    while len(seen) < count:
        seen += [int(event.kv.value.split(b"-")[0]) for event in next(slow).events]
    assert seen == list(range(count)), "the slow client gets each event once, in order"
    slow.cancel()


def test_streams_go_on_when_the_member_comes_back(server, start_proxy, channel_of):
    proxy = start_proxy(server)
    channel = channel_of(proxy)
    through = api.stub(channel, "KV")
    watch = Watching(channel)
    watch.create(b"k")
    assert watch.take().created
    through.Put(rpc.PutRequest(key=b"k", value=b"1"))
    assert watch.take_events() == [(0, b"k", b"1")]
    server.kill()
    with pytest.raises(grpc.RpcError) as caught:
        through.Range(rpc.RangeRequest(key=b"k"), timeout=1)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    watch.create(b"other")
    assert watch.is_silent(), "no created response while the member is down"
    server.start()
    created = watch.take()
    assert created.created and created.watch_id == 1
    through.Put(rpc.PutRequest(key=b"k", value=b"2"), timeout=60)
    through.Put(rpc.PutRequest(key=b"other", value=b"3"), timeout=20)
    taken = sorted(watch.take_events() + watch.take_events())
    assert taken == [(0, b"k", b"2"), (0, b"other", b"3")]


# Leases


def test_keepalives_of_one_lease_are_shared(server, start_proxy, channel_of):
    channel = channel_of(start_proxy(server))
    lease = api.stub(channel, "Lease")
    granted = lease.LeaseGrant(rpc.LeaseGrantRequest(TTL=30))
    requests = queue.Queue()
    stream = lease.LeaseKeepAlive(iter(requests.get, None))
    for _ in range(20):
        requests.put(rpc.LeaseKeepAliveRequest(ID=granted.ID))
    for _ in range(20):
        assert next(stream).TTL == 30
    requests.put(rpc.LeaseKeepAliveRequest(ID=12_345))
    unknown = next(stream)
    assert unknown.ID == 12_345 and unknown.TTL <= 0
    requests.put(None)
    assert list(stream) == []


def test_a_lease_lives_as_long_as_it_is_kept_alive(server, start_proxy, channel_of):
    channel = channel_of(start_proxy(server))
    lease = api.stub(channel, "Lease")
    granted = lease.LeaseGrant(rpc.LeaseGrantRequest(TTL=4))
    requests = queue.Queue()
    stream = lease.LeaseKeepAlive(iter(requests.get, None))
    end = time.monotonic() + 6
    while time.monotonic() < end:
        requests.put(rpc.LeaseKeepAliveRequest(ID=granted.ID))
        assert next(stream).TTL >= 4
        time.sleep(0.5)
    stream.cancel()
    left = lease.LeaseTimeToLive(rpc.LeaseTimeToLiveRequest(ID=granted.ID))
    assert left.TTL > 0


# Flags


def test_namespace(server, start_proxy, channel_of):
    proxy = start_proxy(server, "--namespace", "ns/")
    channel = channel_of(proxy)
    direct, through = api.stub(channel_of(server), "KV"), api.stub(channel, "KV")
    watch = Watching(channel)
    watch.create(b"\0", range_end=b"\0")
    assert watch.take().created
    direct.Put(rpc.PutRequest(key=b"outside", value=b"x"))
    through.Put(rpc.PutRequest(key=b"k", value=b"1"))
    assert watch.take_events() == [(0, b"k", b"1")]
    assert direct.Range(rpc.RangeRequest(key=b"ns/k")).kvs[0].value == b"1"
    everything = through.Range(rpc.RangeRequest(key=b"\0", range_end=b"\0"))
    assert [pair.key for pair in everything.kvs] == [b"k"]
    put = through.Put(rpc.PutRequest(key=b"k", value=b"2", prev_kv=True))
    assert (put.prev_kv.key, put.prev_kv.value) == (b"k", b"1")
    txn = through.Txn(rpc.TxnRequest(
        compare=[rpc.Compare(key=b"k", target=rpc.Compare.VALUE, value=b"2")],
        success=[rpc.RequestOp(request_range=rpc.RangeRequest(key=b"k")),
                 rpc.RequestOp(request_txn=rpc.TxnRequest(success=[
                     rpc.RequestOp(request_range=rpc.RangeRequest(key=b"a", range_end=b"z"))]))]))
    assert txn.succeeded
    assert txn.responses[0].response_range.kvs[0].key == b"k"
    nested = txn.responses[1].response_txn.responses[0].response_range
    assert [pair.key for pair in nested.kvs] == [b"k"]
    lease = api.stub(channel, "Lease").LeaseGrant(rpc.LeaseGrantRequest(TTL=60)).ID
    through.Put(rpc.PutRequest(key=b"leased", lease=lease))
    direct.Put(rpc.PutRequest(key=b"outside", lease=lease))
    keys = api.stub(channel, "Lease").LeaseTimeToLive(
        rpc.LeaseTimeToLiveRequest(ID=lease, keys=True)).keys
    assert list(keys) == [b"leased"]
    deleted = through.DeleteRange(
        rpc.DeleteRangeRequest(key=b"\0", range_end=b"\0", prev_kv=True))
    assert [pair.key for pair in deleted.prev_kvs] == [b"k", b"leased"]
    assert direct.Range(rpc.RangeRequest(key=b"outside")).count == 1
    assert error_of(through.Range, rpc.RangeRequest())[1] == "etcdserver: key is not provided"


def test_resolver(server, start_proxy, channel_of):
    flags = ("--resolver-prefix", "proxies", "--resolver-ttl", "5")
    first, second = start_proxy(server, *flags), start_proxy(server, *flags)
    direct = api.stub(channel_of(server), "KV")
    keys = rpc.RangeRequest(key=b"proxies/", range_end=b"proxies0")
    pairs = until(lambda: (found := direct.Range(keys)).count == 2 and found.kvs, 60)
    entry = json.loads(pairs[0].value)
    assert sorted(entry) == ["Addr", "Metadata", "Op"] and entry["Op"] == 0
    assert json.loads(entry["Metadata"]) == {"name": socket.gethostname()}
    assert pairs[0].lease != 0
    cluster = api.stub(channel_of(first), "Cluster")

    def listed():
        members = cluster.MemberList(rpc.MemberListRequest()).members
        return sorted(url for one in members for url in one.clientURLs)

    until(lambda: listed() == sorted([first.endpoint, second.endpoint]), 60, "both are listed")
    second.kill()
    until(lambda: listed() == [first.endpoint], 60, "one is left when its lease has ended")


def test_serializable_ordering(server, start_proxy, channel_of):
    proxy = start_proxy(server, "--experimental-serializable-ordering")
    proxy.logged("waiting for linearized read from cluster to recover ordering")
    through = api.stub(channel_of(proxy), "KV")
    revision = through.Put(rpc.PutRequest(key=b"k", value=b"v")).header.revision
    read = through.Range(rpc.RangeRequest(key=b"k", serializable=True))
    assert read.header.revision >= revision


def test_tls_on_both_sides(start, start_proxy, certificates):
    ca = certificates.ca.path
    member = start(*server_flags(certificates["srv"], ca),
                   tls=ClientTLS(ca, certificates["cli-nocn"]))
    shown = certificates["cli-nocn"]
    proxy = start_proxy(
        member.url, "--cacert", str(ca), "--cert", str(shown.certificate), "--key", str(shown.key),
        "--cert-file", str(certificates["srv"].certificate),
        "--key-file", str(certificates["srv"].key), "--trusted-ca-file", str(ca),
        tls=ClientTLS(ca, certificates["cli"]))
    assert proxy.etcdctl("put", "k", "v").stdout == "OK\n"
    assert proxy.etcdctl("get", "k").stdout == "k\nv\n"
    assert "etcd_server_has_leader 1" in proxy.get("/metrics")[1]
    for path in ("/health", "/proxy/health"):
        until(lambda: proxy.get(path)[0] == 200, what=path)
    proxy.tls = ClientTLS(ca)
    assert proxy.etcdctl("get", "k", "--dial-timeout=1s", check=False).returncode != 0


def test_certificates_with_a_common_name_are_refused(certificates, tmp_path):
    alice = certificates["cli-alice"]
    result = run_proxy(
        "start", "--listen-addr", f"127.0.0.1:{free_ports(1)[0]}", "--cert", alice.certificate,
        "--key", alice.key, directory=tmp_path)
    assert result.returncode == 1
    assert f"cert has non empty Common Name (alice): {alice.certificate}\n" in result.stderr


def test_automatic_certificate(start, start_proxy, tmp_path):
    proxy = start_proxy(start(), "--auto-tls", "--data-dir", "data")
    assert sorted(path.name for path in (tmp_path / "data/fixtures/proxy").iterdir()) == [
        "cert.pem", "key.pem"]
    for path in ("/health", "/proxy/health"):
        curl = ["curl", "-sk", f"https://{proxy.endpoint}{path}"]
        until(lambda: subprocess.run(curl, capture_output=True, text=True).stdout
              == '{"health":"true","reason":""}', what=path)


def test_endpoints_follow_the_members(make_cluster, start_proxy, channel_of):
    cluster = make_cluster()
    first, *others = cluster.members.values()
    proxy = start_proxy(first.endpoint, "--endpoints-auto-sync-interval", "1s")
    through = api.stub(channel_of(proxy), "KV")
    through.Put(rpc.PutRequest(key=b"k", value=b"v"))
    read = rpc.RangeRequest(key=b"k")
    # The calls go to all members in turn once the proxy knows them.
    until(lambda: through.Range(read, timeout=20).header.member_id != first.id,
          what="a call to another member")
    first.kill()

    def is_served():
        with contextlib.suppress(grpc.RpcError):
            return through.Range(read, timeout=20).count == 1
        return False
    until(is_served, what="a call without the first member")


def test_leasing(server, start_proxy, channel_of):
    flags = ("--experimental-leasing-prefix", "lease/")
    first, second = start_proxy(server, *flags), start_proxy(server, *flags)
    direct = api.stub(channel_of(server), "KV")
    one, other = (api.stub(channel_of(proxy), "KV") for proxy in (first, second))
    one.Put(rpc.PutRequest(key=b"q", value=b"1"), timeout=20)
    read = rpc.RangeRequest(key=b"q")
    owner = rpc.RangeRequest(key=b"lease/q")

    def owned():
        assert one.Range(read, timeout=20).kvs[0].value == b"1"
        return direct.Range(owner).kvs

    pair = until(owned, 60, "the proxy owns the key")[0]
    assert pair.value == b"" and pair.lease != 0
    revision = pair.mod_revision
    direct.Put(rpc.PutRequest(key=b"q", value=b"around"))
    assert one.Range(read).kvs[0].value == b"1", "served without the member"
    assert other.Range(read, timeout=20).kvs[0].value == b"around"
    assert direct.Range(owner).kvs[0].mod_revision == revision, "one owner"
    put = other.Put(rpc.PutRequest(key=b"q", value=b"2", prev_kv=True), timeout=20)
    assert put.prev_kv.value == b"around" and put.header.revision > revision
    assert one.Range(read, timeout=20).kvs[0].value == b"2"
    until(lambda: one.Range(read) and direct.Range(owner).count, 60, "owned again")
    deleted = one.DeleteRange(rpc.DeleteRangeRequest(key=b"a", range_end=b"z"), timeout=20)
    assert deleted.deleted >= 1
    assert other.Range(read, timeout=20).count == 0
    txn = other.Txn(rpc.TxnRequest(
        compare=[rpc.Compare(key=b"q", target=rpc.Compare.VERSION, version=0)],
        success=[rpc.RequestOp(request_put=rpc.PutRequest(key=b"q", value=b"3"))]), timeout=20)
    assert txn.succeeded and len(txn.responses) == 1
    assert one.Range(read, timeout=20).kvs[0].value == b"3"
    assert error_of(one.Put, rpc.PutRequest())[1] == "etcdserver: key is not provided"


def test_logged_calls(start, start_proxy):
    proxy = start_proxy(start(), "--experimental-enable-grpc-logging")
    proxy.etcdctl("put", "k", "v")
    request = proxy.logged("received payload logged as grpc.request.content field")[0]
    assert (request["grpc.service"], request["grpc.method"]) == ("etcdserverpb.KV", "Put")
    assert json.loads(request["grpc.request.content"]) == {"key": "aw==", "value": "dg=="}
    response = proxy.logged(
        "returned response payload logged as grpc.response.content field")[0]
    assert "clusterId" in json.loads(response["grpc.response.content"])["header"]
