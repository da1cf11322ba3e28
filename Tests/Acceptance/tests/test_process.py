"""The process interface: flags, exit codes, logs, signals, sockets, HTTP, metrics."""
import contextlib
import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import grpc
import pytest

from acceptance import api
from acceptance.cluster import put_with_lease, until
from acceptance.members import free_ports, our_etcd, our_member, tool

rpc = api.rpc


def run(*flags, environment=None, seconds=20, cwd=None):
    """Runs the program with only these flags; returns exit status and output."""
    result = subprocess.run(
        [our_etcd(), *flags], capture_output=True, text=True, timeout=seconds, cwd=cwd,
        env={"PATH": os.environ["PATH"], **(environment or {})}, stdin=subprocess.DEVNULL)
    return result.returncode, result.stdout + result.stderr


def test_version():
    status, text = run("--version")
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == "etcd Version: 3.7.1"
    assert any(re.fullmatch(r"Swift-etcd Version: \S+", line) for line in lines[1:])


def test_help_names_every_family_of_flags():
    status, text = run("--help")
    assert status == 0
    for flag in ("--data-dir", "--quota-backend-bytes", "--initial-cluster", "--log-level",
                 "--auto-compaction-mode", "--max-txn-ops", "--listen-metrics-urls"):
        assert flag in text


@pytest.mark.parametrize("flags, status, text", [
    (["--no-such-flag"], 2, "flag provided but not defined: -no-such-flag"),
    (["--snapshot-count=many"], 2, 'invalid value "many" for flag -snapshot-count'),
    (["--max-txn-ops", "-1"], 2, "invalid value"),
    (["--initial-cluster-state=somehow"], 2, "somehow"),
    (["positional"], 1, "'positional' is not a valid flag|\"positional\\\\?\" is not a valid flag"),
    (["--heartbeat-interval=100", "--election-timeout=400"], 1,
     r"--election-timeout\[400ms\] should be at least as 5 times as --heartbeat-interval\[100ms\]"),
    (["--election-timeout=60000"], 1,
     r"--election-timeout\[60000ms\] is too long, and should be set less than 50000ms"),
    (["--listen-client-urls=http://127.0.0.1:1"], 1,
     "--advertise-client-urls is required when --listen-client-urls is set explicitly"),
    (["--listen-client-urls=http://foo:1", "--advertise-client-urls=http://foo:1"], 1,
     r"expected IP in URL for binding \(http://foo:1\)"),
    (["--auto-compaction-mode=foo"], 1, 'unknown auto-compaction-mode \\\\?"foo\\\\?"'),
    (["--logger=capnslog"], 1, "--logger=capnslog is removed in v3.5"),
    (["--feature-gates=NoSuchGate=true"], 2, "NoSuchGate"),
    (["--feature-gates=LeaseCheckpointPersist=true"], 1,
     "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint"),
    (["--experimental-corrupt-check-time=1s"], 2, "flag provided but not defined"),
    (["--log-outputs=default,stdout"], 1, "multi logoutput for"),
    (["--tls-min-version=TLS1.1"], 1, "unexpected TLS version"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_flags_are_rejected_as_by_etcd(tmp_path, flags, status, text):
    got, output = run(*flags, cwd=tmp_path)
    assert got == status, output
    assert re.search(text, output), output[-2000:]


def test_a_flag_together_with_its_variable_is_rejected(tmp_path):
    status, text = run(
        "--name=a", environment={"ETCD_NAME": "b", "ETCD_DATA_DIR": str(tmp_path / "d")})
    assert status == 1
    assert "conflicting environment variable" in text and "ETCD_NAME" in text


def urls(ports):
    client, peer = (f"http://127.0.0.1:{port}" for port in ports)
    return {
        "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer,
        "initial-cluster": f"here={peer}", "name": "here"}


class RawMember:
    """A member with exactly the given command line and environment."""

    def __init__(self, tmp_path, flags, environment, port):
        self.member = our_member(tmp_path / "raw.etcd", ports=(port, 0))
        self.member.arguments = lambda: [our_etcd(), *flags]
        self.member.environment = environment

    def __enter__(self):
        return self.member.start()

    def __exit__(self, *_):
        self.member.close()


def member_name(member):
    with api.connect(member.endpoint) as channel:
        return api.stub(channel, "Cluster").MemberList(rpc.MemberListRequest()).members[0].name


def test_environment_variables_configure_a_member(tmp_path):
    ports = free_ports(2)
    environment = {
        "ETCD_" + key.upper().replace("-", "_"): value for key, value in urls(ports).items()}
    environment |= {"ETCD_DATA_DIR": str(tmp_path / "data"), "ETCD_NO_SUCH_THING": "1"}
    with RawMember(tmp_path, [], environment, ports[0]) as member:
        assert member_name(member) == "here"
        assert (tmp_path / "data/member/wal").is_dir()
        assert "unrecognized environment variable" in member.tail(200)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_configuration_file_replaces_flags(tmp_path, form):
    ports = free_ports(2)
    configuration = {
        **urls(ports), "data-dir": str(tmp_path / "data"), "quota-backend-bytes": 123456789}
    path = tmp_path / f"etcd.{form}"
    path.write_text(json.dumps(configuration) if form == "json" else "".join(
        f"{key}: {value}\n" for key, value in configuration.items()))
    flags = ["--config-file", str(path), "--name=ignored"]
    with RawMember(tmp_path, flags, {}, ports[0]) as member:
        assert member_name(member) == "here"
        assert metric(member, "etcd_server_quota_backend_bytes") == 123456789


def test_a_missing_configuration_file_is_rejected(tmp_path):
    status, text = run("--config-file", str(tmp_path / "missing.yml"))
    assert status == 1 and "no such file or directory" in text


def test_repeated_flags_and_all_flag_syntaxes(start):
    member = start("-snapshot-count=5", "--snapshot-count", "7", "--pre-vote", "--pre-vote=false",
                   "--max-txn-ops=3")
    with api.connect(member.endpoint) as channel, pytest.raises(grpc.RpcError) as error:
        api.stub(channel, "KV").Txn(rpc.TxnRequest(success=[rpc.RequestOp(
            request_range=rpc.RangeRequest(key=b"a"))] * 4))
    assert error.value.details() == "etcdserver: too many operations in txn request"


def test_log_lines_are_json_and_a_normal_run_has_no_errors(start):
    member = start()
    member.etcdctl("put", "a", "1")
    member.etcdctl("compaction", "2")
    member.etcdctl("defrag")
    member.etcdctl("get", "a", "--rev=99", check=False)
    member.logged("finished scheduled compaction")
    member.stop()
    logged = [json.loads(line) for line in member.log_path.read_text().splitlines()]
    for line in logged:
        for field in ("level", "ts", "caller", "msg"):
            assert line[field], line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["ts"]), line["ts"]
        assert line["level"] in ("debug", "info", "warn"), line
    messages = [line["msg"] for line in logged]
    for message in ("starting an etcd server", "starting local member", "serving client traffic "
                    "insecurely; this is strongly discouraged!", "ready to serve client requests",
                    "finished scheduled compaction", "closed etcd server"):
        assert message in messages
    running = next(line for line in logged if line["msg"] == "starting an etcd server")
    assert running["snapshot-catchup-entries"] == 5000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_member_and_is_its_exit_status(start, number):
    member = start()
    member.etcdctl("put", "a", "1")
    begin = time.monotonic()
    member.process.send_signal(number)
    assert member.process.wait(60) == -number
    assert time.monotonic() - begin < 20
    member.start()
    assert member.etcdctl("get", "a", "--print-value-only").stdout == "1\n"


def test_a_stop_ends_open_watches(start):
    member = start()
    with api.connect(member.endpoint) as channel:
        call = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"a"))]))
        assert next(call).created
        assert member.stop() == -signal.SIGTERM
        with pytest.raises((grpc.RpcError, StopIteration)):
            next(call)


def test_a_frozen_process_resumes_with_its_state(start):
    member = start()
    lease = member.etcdctl("lease", "grant", "60").stdout.split()[1]
    member.etcdctl("put", "a", "1", "--lease", lease)
    with api.connect(member.endpoint) as channel:
        watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"a"))]), timeout=120)
        assert next(watch).created
        member.freeze()
        waiting = api.stub(channel, "KV").Put.future(
            rpc.PutRequest(key=b"a", value=b"2", ignore_lease=True), timeout=60)
        time.sleep(3)
        assert not waiting.done()
        member.resume()
        assert waiting.result().header.revision == 3
        assert next(watch).events[0].kv.value == b"2"
        watch.cancel()
    assert "attached keys([a])" in member.etcdctl("lease", "timetolive", lease, "--keys").stdout


def test_a_port_in_use_is_a_fatal_error(start, tmp_path):
    member = start()
    other = our_member(tmp_path / "other.etcd", ports=(member.client_port, free_ports(1)[0]))
    other.start(wait=False)
    assert other.process.wait(60) == 1
    last = other.fatal_line()
    assert (last["level"], last["msg"]) == ("fatal", "discovery failed")
    assert last["error"] == (
        f"listen tcp 127.0.0.1:{member.client_port}: bind: address already in use")
    other.log.close()


@pytest.mark.parametrize("real", [True, False], ids=["real", "ours"])
def test_other_signals_are_ignored(start, real):
    member = start(real=real)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE):
        member.process.send_signal(number)
    member.etcdctl("put", "a", "1")
    assert member.stop() == -signal.SIGTERM


@pytest.mark.parametrize("real", [True, False], ids=["real", "ours"])
def test_a_warning_for_a_data_directory_with_open_permissions(start, tmp_path, real):
    directory = tmp_path / "open.etcd"
    directory.mkdir(mode=0o700)
    directory.chmod(0o2750)
    member = start(real=real, directory=directory)
    (directory / "member/snap").chmod(0o755)
    member.stop()
    member.start()
    warnings = [line["error"] for line in member.log_lines()
                if line["msg"] == "check file permission"]
    assert warnings[0].startswith(
        f'directory "{directory}" exist, but the permission is "dgrwxr-x---". The recommended '
        'permission is "-rwx------" to prevent possible unprivileged access to the data')
    assert len(warnings) == 3 and '"drwxr-xr-x"' in warnings[2]


@pytest.mark.parametrize("value, lines", [
    ("foo", ["unknown token type", "failed to create token provider", "discovery failed"]),
    ("simple,a", ["invalid token option", "failed to create token provider", "discovery failed"]),
])
def test_invalid_auth_tokens_are_rejected(tmp_path, value, lines):
    member = our_member(tmp_path / "ours.etcd", f"--auth-token={value}").start(wait=False)
    assert member.process.wait(60) == 1
    # Another thread may log a line in between.
    assert [line["msg"] for line in member.log_lines() if line["msg"] in lines] == lines
    last = member.fatal_line()
    assert last | {"error": "auth: invalid auth options", "msg": lines[-1]} == last


@pytest.mark.parametrize("real", [True, False], ids=["real", "ours"])
def test_a_member_without_a_leader_at_start_serves_only_metrics(
        start, tmp_path, real):
    metrics_port, other = free_ports(2)
    member = start(
        f"--listen-metrics-urls=http://127.0.0.1:{metrics_port}", real=real, wait=False)
    member.kill()
    arguments = member.arguments()
    index = arguments.index("--initial-cluster") + 1
    arguments[index] += f",other=http://127.0.0.1:{other}"
    member.arguments = lambda: arguments
    member.directory = tmp_path / "one-of-two.etcd"
    arguments[arguments.index("--data-dir") + 1] = str(member.directory)
    notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notifications.bind(str(tmp_path / "notify"))
    member.environment["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    member.start(wait=False)

    def scraped():
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{metrics_port}/health", timeout=10) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    end = time.monotonic() + 60
    while scraped() != 503:
        assert time.monotonic() < end, member.tail()
        time.sleep(0.05)
    with pytest.raises(TimeoutError):
        member.get("/health", timeout=2)
    assert "ready to serve client requests" not in member.tail(100)
    notifications.settimeout(0)
    with pytest.raises(BlockingIOError):
        notifications.recv(100)
    member.stop()
    notifications.close()


def member_on_socket(tmp_path, path, *flags):
    port = free_ports(1)[0]
    peer = f"http://127.0.0.1:{port}"
    member = our_member(tmp_path / "ours.etcd")
    member.arguments = lambda: [
        our_etcd(), "--data-dir", str(member.directory), "--listen-client-urls",
        f"unix://{path},{member.url}", "--advertise-client-urls", member.url,
        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
        "--initial-cluster", f"default={peer}", *flags]
    return member.start()


def test_clients_are_served_on_a_unix_socket(tmp_path):
    path = tmp_path / "client.sock"
    member = member_on_socket(tmp_path, path)
    try:
        with api.connect(f"unix:{path}") as channel:
            kv = api.stub(channel, "KV")
            kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
            assert kv.Range(rpc.RangeRequest(key=b"a"), timeout=10).count == 1
        result = subprocess.run(
            [tool("etcdctl"), "--endpoints", f"unix://{path}", "get", "a"], capture_output=True,
            text=True, timeout=30, env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3"})
        assert (result.returncode, result.stdout) == (0, "a\n1\n"), result.stderr
        member.kill()
        member.start()
    finally:
        member.close()


def test_a_separate_metrics_listener(start):
    port = free_ports(1)[0]
    start(f"--listen-metrics-urls=http://127.0.0.1:{port}")
    for path in ("/metrics", "/health", "/livez", "/readyz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            assert response.status == 200


class SocketHTTP(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)

    def get(self, target):
        self.request("GET", target)
        response = self.getresponse()
        return response.status, response.read().decode()


def test_a_metrics_unix_socket_serves_only_metrics(tmp_path):
    path = tmp_path / "metrics.sock"
    member = member_on_socket(
        tmp_path, tmp_path / "client.sock", f"--listen-metrics-urls=unix://{path}")
    try:
        connection = SocketHTTP(path)
        assert connection.get("/health") == (200, '{"health":"true","reason":""}')
        status, text = connection.get("/metrics")
        assert status == 200 and "etcd_server_has_leader 1" in text
        assert connection.get("/version")[0] == 404
        with api.connect(f"unix:{path}") as channel, pytest.raises(grpc.RpcError):
            api.stub(channel, "KV").Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=5)
        assert member.etcdctl("get", "a").stdout == ""
    finally:
        member.close()


# Debugging, memory, defragmentation, logging

def test_profiles_are_not_implemented(start):
    assert start().get("/debug/pprof/cmdline")[0] == 404
    member = start("--enable-pprof")
    status, text = member.get("/debug/pprof/cmdline")
    assert status == 200 and text.split("\0")[-1] == "--enable-pprof"
    assert member.get("/debug/pprof/heap")[0] == 501
    assert member.get("/debug/pprof/")[0] == 200


def test_debug_variables_have_the_raft_status(start):
    status = json.loads(start().get("/debug/vars")[1])["raft.status"]
    assert status["vote"] == status["lead"] == status["id"] != "0"
    assert status["raftState"] == "StateLeader"
    own = status["progress"][status["id"]]
    assert own["match"] >= status["commit"] > 0 and own["next"] == own["match"] + 1


def test_mlock_of_the_database(start):
    def locked(member):
        text = open(f"/proc/{member.process.pid}/status").read()
        return int(re.search(r"VmLck:\s+(\d+) kB", text)[1])

    assert locked(start()) == 0
    member = start("--memory-mlock")
    before = locked(member)
    assert before >= 16
    for number in range(30):
        member.etcdctl("put", f"k{number}", "x" * 100_000)
    member.etcdctl("defrag")
    assert locked(member) * 1024 >= metric(member, "etcd_mvcc_db_total_size_in_bytes")


def fill_and_empty(member):
    """Leaves about 20 MB of free pages in the database file."""
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for number in range(20):
            kv.Put(rpc.PutRequest(key=b"k%d" % number, value=b"x" * (1 << 20)), timeout=30)
        deleted = kv.DeleteRange(rpc.DeleteRangeRequest(key=b"k", range_end=b"l"), timeout=30)
        revision = deleted.header.revision
        kv.Compact(rpc.CompactionRequest(revision=revision, physical=True), timeout=60)
        kv.Put(rpc.PutRequest(key=b"left", value=b"1"), timeout=30)


def test_a_start_defragments_above_the_threshold(start):
    member = start()
    fill_and_empty(member)
    assert member.stop() == -signal.SIGTERM
    skipped = start("--bootstrap-defrag-threshold-megabytes=1000", directory=member.directory)
    line = next(x for x in skipped.log_lines() if x["msg"] == "Skipping defragmentation")
    assert line["bootstrap-defrag-threshold-bytes"] == 1000 << 20
    assert line["current-db-size-bytes"] > 10 << 20
    assert skipped.stop() == -signal.SIGTERM
    done = start("--bootstrap-defrag-threshold-megabytes=10", directory=member.directory)
    line = next(x for x in done.log_lines() if x["msg"] == "finished defragmenting directory")
    assert line["current-db-size-bytes-diff"] < -10 << 20
    assert done.etcdctl("get", "left").stdout == "left\n1\n"


def health_states(channel):
    """The states of the whole server from grpc.health.v1 Watch, as numbers."""
    watch = channel.unary_stream(
        "/grpc.health.v1.Health/Watch", request_serializer=bytes,
        response_deserializer=lambda data: data[1] if data else 0)
    return watch(b"", timeout=60)


def test_health_service_during_defragmentation_with_its_feature_gate(start):
    SERVING, NOT_SERVING = 1, 2
    member = start("--feature-gates=StopGRPCServiceOnDefrag=true")
    fill_and_empty(member)
    with api.connect(member.endpoint) as channel:
        states = health_states(channel)
        assert next(states) == SERVING
        api.stub(channel, "Maintenance").Defragment(rpc.DefragmentRequest(), timeout=60)
        assert [next(states), next(states)] == [NOT_SERVING, SERVING]
    until(lambda: len(member.logged("grpc service status changed")) >= 3, what="the changes")
    changes = member.logged("grpc service status changed")
    assert [x["status"] for x in changes] == ["SERVING", "NOT_SERVING", "SERVING"]
    assert changes[1]["reason"] == "defrag is active"


def test_defragmentations_and_snapshots_are_logged(start, tmp_path):
    member = start("--snapshot-count=10")
    fill_and_empty(member)
    member.etcdctl("defrag")
    member.etcdctl("snapshot", "save", str(tmp_path / "copy.db"))
    for message in ("triggering snapshot", "saved snapshot to disk",
                    "successfully sent database snapshot to client"):
        member.logged(message)
    messages = [line["msg"] for line in member.log_lines()]
    expected = [
        "starting defragment", "defragmenting", "finished defragmenting directory",
        "finished defragment", "sending database snapshot to client",
        "sending database sha256 checksum to client",
        "successfully sent database snapshot to client"]
    assert [message for message in messages if message in expected] == expected


def test_slow_requests_are_logged_without_values(start):
    member = start("--warning-unary-request-duration=1ns")
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        kv.Put(rpc.PutRequest(key=b"k\n", value=b"secret"), timeout=10)
        kv.Put(rpc.PutRequest(key=b"large", value=b"secret" * 10_000), timeout=10)
        kv.Range(rpc.RangeRequest(key=b"a", range_end=b"\0", limit=7), timeout=10)
        kv.DeleteRange(rpc.DeleteRangeRequest(key=b"k\n"), timeout=10)
        txn = rpc.TxnRequest()
        txn.success.add().request_put.CopyFrom(rpc.PutRequest(key=b"t", value=b"secret"))
        kv.Txn(txn, timeout=10)
        api.stub(channel, "Cluster").MemberList(rpc.MemberListRequest(), timeout=10)
    fields = {
        "start time", "time spent", "remote", "response type", "request count", "request size",
        "response count", "response size", "request content"}

    def stats():
        return [x for x in member.log_lines() if x["msg"] == "request stats"]
    until(lambda: any("MemberList" in line["response type"] for line in stats()), 60,
          "the last line")
    lines = stats()
    assert all(fields <= line.keys() and line["level"] == "warn" for line in lines)
    counts = {
        (line["response type"].rsplit("/")[-1], line["request content"]): (
            line["request count"], line["response count"]) for line in lines}
    for expected in {
            ("Put", 'key:"k\\n" value_size:6'): (1, 0),
            ("Put", 'key:"large" value_size:60000'): (1, 0),
            ("Range", 'key:"a" range_end:"\\x00" limit:7'): (0, 2),
            ("DeleteRange", 'key:"k\\n"'): (0, 1),
            ("Txn", 'compare:<> success:<request_put:<key:"t" value_size:6>> failure:<>'): (1, 0),
            ("MemberList", ""): (-1, -1)}.items():
        assert expected in counts.items()
    assert "secret" not in member.log_path.read_text()


def test_a_missing_journal_is_a_fatal_error(tmp_path):
    if os.path.exists("/run/systemd/journal/socket"):
        status, text = run("--log-outputs=systemd/journal,stderr")
        assert "running with systemd/journal but other" in text
    else:
        status, text = run("--log-outputs=systemd/journal", "--data-dir", str(tmp_path / "d"))
        assert "dial unixgram /run/systemd/journal/socket: connect: no such file" in text
    assert status == 1


def test_lease_checkpoints_with_their_feature_gates(start):
    member = start("--feature-gates=LeaseCheckpoint=true,LeaseCheckpointPersist=true")
    with api.connect(member.endpoint) as channel:
        lease = api.stub(channel, "Lease")
        granted = lease.LeaseGrant(rpc.LeaseGrantRequest(TTL=1000), timeout=10)
        renewed = next(lease.LeaseKeepAlive(
            iter([rpc.LeaseKeepAliveRequest(ID=granted.ID)]), timeout=10))
        assert renewed.TTL == 1000
    assert metric(
        member, 'etcd_server_feature_enabled{name="LeaseCheckpoint",stage="ALPHA"}') == 1


# HTTP

def test_health(member):
    assert member.get("/health") == (200, '{"health":"true","reason":""}')
    assert member.get("/health?serializable=true")[0] == 200


def test_livez_and_readyz(member):
    assert member.get("/livez") == (200, "ok\n")
    assert member.get("/readyz") == (200, "ok\n")
    assert member.get("/livez/serializable_read") == (200, "ok\n")
    status, text = member.get("/readyz?verbose")
    assert status == 200
    assert sorted(text.splitlines()) == sorted([
        "[+]data_corruption ok", "[+]serializable_read ok", "[+]linearizable_read ok",
        "[+]non_learner ok", "ok"])
    assert "linearizable" not in member.get("/readyz?verbose&exclude=linearizable_read")[1]
    assert member.get("/readyz?exclude=nothing") == (200, "ok\n")


def test_version_endpoint(member):
    expected = {"etcdserver": "3.7.1", "etcdcluster": "3.7.0", "storage": "3.7.0"}
    end = time.monotonic() + 60
    while (actual := json.loads(member.get("/version")[1])) != expected:
        assert time.monotonic() < end, \
            f"etcd reports its storage version 5 s after the start: {actual}"
        time.sleep(0.2)


@pytest.mark.parametrize("path", ["/", "/v2/keys", "/members", "/nothing", "/livez/nothing"])
def test_unknown_paths(member, path):
    assert member.get(path) == (404, "404 page not found\n")


def test_wrong_methods(member):
    for path in ("/health", "/version"):
        request = urllib.request.Request(member.url + path, data=b"x", method="POST")
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=10)
        assert error.value.code == 405 and error.value.headers["Allow"] == "GET"


def test_invalid_data_on_the_client_port_does_not_affect_other_connections(member):
    for data in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
                 b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", member.client_port), timeout=10) as one:
            try:
                one.sendall(data)
                one.shutdown(socket.SHUT_WR)
                while one.recv(65536):
                    pass
            except OSError:  # closed already; not every such error is a ConnectionError
                pass
    assert member.get("/health")[0] == 200


# Metrics

def metrics(member):
    """Name with labels -> value."""
    found = {}
    for line in member.get("/metrics")[1].splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def metric(member, name):
    return metrics(member)[name]


ALWAYS = """
etcd_cluster_version etcd_debugging_auth_revision
etcd_debugging_disk_backend_commit_rebalance_duration_seconds
etcd_debugging_disk_backend_commit_spill_duration_seconds
etcd_debugging_disk_backend_commit_write_duration_seconds etcd_debugging_lease_granted_total
etcd_debugging_lease_renewed_total etcd_debugging_lease_revoked_total
etcd_debugging_lease_ttl_total etcd_debugging_mvcc_compact_revision
etcd_debugging_mvcc_current_revision etcd_debugging_mvcc_db_compaction_keys_total
etcd_debugging_mvcc_db_compaction_last
etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds
etcd_debugging_mvcc_db_compaction_total_duration_milliseconds etcd_debugging_mvcc_events_total
etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds etcd_debugging_mvcc_keys_total
etcd_debugging_mvcc_pending_events_total etcd_debugging_mvcc_slow_watcher_total
etcd_debugging_mvcc_total_put_size_in_bytes etcd_debugging_mvcc_watch_stream_total
etcd_debugging_mvcc_watcher_total etcd_debugging_server_lease_expired_total
etcd_debugging_server_watch_send_loop_control_stream_duration_seconds
etcd_debugging_server_watch_send_loop_progress_duration_seconds
etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds
etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds
etcd_debugging_snap_save_marshalling_duration_seconds
etcd_debugging_snap_save_total_duration_seconds etcd_debugging_store_expires_total
etcd_debugging_store_watch_requests_total etcd_debugging_store_watchers
etcd_disk_backend_commit_duration_seconds etcd_disk_backend_defrag_duration_seconds
etcd_disk_backend_snapshot_duration_seconds etcd_disk_defrag_inflight
etcd_disk_wal_fsync_duration_seconds etcd_disk_wal_write_bytes_total
etcd_disk_wal_write_duration_seconds etcd_grpc_proxy_cache_hits_total
etcd_grpc_proxy_cache_keys_total etcd_grpc_proxy_cache_misses_total
etcd_grpc_proxy_events_coalescing_total etcd_grpc_proxy_watchers_coalescing_total
etcd_mvcc_db_open_read_transactions etcd_mvcc_db_total_size_in_bytes
etcd_mvcc_db_total_size_in_use_in_bytes etcd_mvcc_delete_total etcd_mvcc_hash_duration_seconds
etcd_mvcc_hash_rev_duration_seconds etcd_mvcc_put_total etcd_mvcc_range_total etcd_mvcc_txn_total
etcd_network_client_grpc_received_bytes_total etcd_network_client_grpc_sent_bytes_total
etcd_network_known_peers etcd_server_apply_duration_seconds etcd_server_feature_enabled
etcd_server_go_version etcd_server_has_leader etcd_server_health_failures
etcd_server_health_success etcd_server_heartbeat_send_failures_total etcd_server_id
etcd_server_is_leader etcd_server_is_learner etcd_server_leader_changes_seen_total
etcd_server_learner_promote_successes etcd_server_proposals_applied_total
etcd_server_proposals_committed_total etcd_server_proposals_failed_total
etcd_server_proposals_pending etcd_server_quota_backend_bytes etcd_server_range_duration_seconds
etcd_server_read_indexes_failed_total etcd_server_request_duration_seconds
etcd_server_slow_apply_total etcd_server_slow_read_indexes_total
etcd_server_snapshot_apply_in_progress_total etcd_server_version etcd_snap_db_fsync_duration_seconds
etcd_snap_db_save_total_duration_seconds etcd_snap_fsync_duration_seconds
grpc_server_handled_total grpc_server_msg_received_total grpc_server_msg_sent_total
grpc_server_started_total os_fd_limit os_fd_used process_cpu_seconds_total process_max_fds
process_open_fds process_resident_memory_bytes process_start_time_seconds
process_virtual_memory_bytes promhttp_metric_handler_requests_in_flight
promhttp_metric_handler_requests_total
""".split()


def test_all_metrics_of_etcd_exist(start):
    member = start()
    member.etcdctl("put", "a", "1")
    member.etcdctl("get", "a")
    text = member.get("/metrics")[1]
    missing = [name for name in ALWAYS if f"# TYPE {name} " not in text]
    assert not missing


def test_metrics_of_requests_change(start):
    member = start()
    before = metrics(member)
    for number in range(3):
        member.etcdctl("put", f"k{number}", "1")
    member.etcdctl("del", "k0")
    member.etcdctl("get", "k1")
    member.etcdctl("lease", "grant", "100")
    after = metrics(member)

    def grown(name):
        return after[name] - before.get(name, 0)

    assert grown("etcd_mvcc_put_total") == 3
    assert grown("etcd_mvcc_delete_total") == 1
    assert grown("etcd_mvcc_range_total") >= 1
    assert after["etcd_debugging_mvcc_keys_total"] == 2
    assert after["etcd_debugging_mvcc_current_revision"] == 5
    assert grown("etcd_debugging_lease_granted_total") == 1
    assert grown("etcd_server_proposals_applied_total") >= 5
    assert grown("etcd_disk_wal_fsync_duration_seconds_count") >= 1
    assert after["etcd_server_has_leader"] == after["etcd_server_is_leader"] == 1
    assert after['etcd_server_version{server_version="3.7.1"}'] == 1
    assert after['etcd_cluster_version{cluster_version="3.7"}'] == 1
    assert grown('grpc_server_handled_total{grpc_code="OK",grpc_method="Put",'
                 'grpc_service="etcdserverpb.KV",grpc_type="unary"}') == 3
    assert grown("etcd_network_client_grpc_received_bytes_total") > 0
    assert after["os_fd_limit"] > 0 and after["process_resident_memory_bytes"] > 1_000_000


def test_metrics_of_watchers_compactions_and_snapshots_change(start):
    member = start("--snapshot-count=10")
    before = metrics(member)
    with api.connect(member.endpoint) as channel:
        watch = api.stub(channel, "Watch").Watch(
            iter([rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"k"))]), timeout=60)
        assert next(watch).created
        kv = api.stub(channel, "KV")
        for _ in range(30):
            revision = kv.Put(rpc.PutRequest(key=b"k", value=b"1"), timeout=10).header.revision
        events = 0
        while events < 30:
            events += len(next(watch).events)
        kv.Compact(rpc.CompactionRequest(revision=revision, physical=True), timeout=30)
        # Of a snapshot, which is saved beside the puts.
        until(lambda: metrics(member)["etcd_snap_fsync_duration_seconds_count"], what="a snapshot")
        until(lambda: metrics(member)["etcd_debugging_mvcc_pending_events_total"] == 0)
        after = metrics(member)
    prefix = "etcd_debugging_"
    for name in (
            "mvcc_index_compaction_pause_duration_milliseconds_count",
            "mvcc_db_compaction_pause_duration_milliseconds_count",
            "snap_save_total_duration_seconds_count",
            "snap_save_marshalling_duration_seconds_count",
            "server_watch_send_loop_watch_stream_duration_seconds_count",
            "server_watch_send_loop_watch_stream_duration_per_event_seconds_count",
            "server_watch_send_loop_control_stream_duration_seconds_count"):
        assert after[prefix + name] > before[prefix + name], name
    assert after["etcd_snap_fsync_duration_seconds_count"] > 0
    assert after[prefix + "mvcc_events_total"] - before[prefix + "mvcc_events_total"] == 30
    assert after[prefix + "mvcc_pending_events_total"] == 0


def test_metrics_of_internal_requests(start):
    member, prefix = start(), "etcd_server_request_duration_seconds_count"
    end = time.monotonic() + 60
    while not all(metrics(member).get(f'{prefix}{{success="true",type="{kind}"}}', 0) == 1
                  for kind in ("ClusterMemberAttrSet", "ClusterVersionSet")):
        assert time.monotonic() < end, [line for line in metrics(member) if prefix in line]
        time.sleep(0.1)


@pytest.mark.parametrize("real", [True, False], ids=["real", "ours"])
def test_metrics_are_compressed_on_request(start, real):
    member = start(real=real)
    request = urllib.request.Request(member.url + "/metrics", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as response:
        compressed = response.read()
        assert response.headers["Content-Encoding"] == "gzip"
    assert b"etcd_server_has_leader 1\n" in gzip.decompress(compressed)
    with urllib.request.urlopen(member.url + "/metrics", timeout=10) as response:
        assert response.headers["Content-Encoding"] is None
        assert len(compressed) < len(response.read()) / 3


def test_metrics_are_well_formed(start):
    text = start().get("/metrics")[1]
    line = re.compile(
        r'[a-zA-Z_:][\w:]*(\{(\w+="([^"\\]|\\.)*",?)*\})? [-+]?(\d[\d.e+-]*|Inf|NaN)')
    for one in text.splitlines():
        assert one.startswith(("# HELP ", "# TYPE ")) or line.fullmatch(one), one
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names)), "each family once"


# Leases, quota

def test_leases_do_not_expire_early_and_delete_their_keys(start):
    member = start()
    with api.connect(member.endpoint) as channel:
        kv, lease = api.stub(channel, "KV"), api.stub(channel, "Lease")
        deletions = rpc.WatchCreateRequest(
            key=b"\0", range_end=b"\0", filters=[rpc.WatchCreateRequest.NOPUT])
        watch = api.stub(channel, "Watch").Watch(
            iter([rpc.WatchRequest(create_request=deletions)]), timeout=120)
        assert next(watch).created

        def put_both():
            granted = time.monotonic()
            lease.LeaseGrant(rpc.LeaseGrantRequest(ID=5, TTL=2))
            # Both in one step: if the machine pauses, the lease may have ended before.
            with contextlib.suppress(grpc.RpcError):
                kv.Txn(rpc.TxnRequest(success=[rpc.RequestOp(request_put=rpc.PutRequest(
                    key=key, value=b"1", lease=5)) for key in (b"a", b"b")]))
                return granted
            return None
        granted = until(put_both)
        events = next(watch).events
        lived = time.monotonic() - granted
        assert [(one.type, one.kv.key) for one in events] == [(1, b"a"), (1, b"b")]
        assert events[0].kv.mod_revision == events[1].kv.mod_revision
        assert 2 <= lived < 30
        assert lease.LeaseTimeToLive(rpc.LeaseTimeToLiveRequest(ID=5)).TTL == -1
        watch.cancel()


def test_leases_have_their_full_ttl_after_a_restart(start):
    member = start()
    with api.connect(member.endpoint) as channel:
        put_with_lease(api.stub(channel, "Lease"), api.stub(channel, "KV"), b"a", 5, ttl=3)
    # What is left is less than it has afterwards.
    time.sleep(1)
    member.kill()
    begin = time.monotonic()
    member.start()
    until(lambda: not member.etcdctl("get", "a").stdout, what="the end of the lease", pause=0.1)
    assert time.monotonic() - begin >= 3


def test_a_thousand_leases_expire_at_the_same_time(start):
    member = start()
    with api.connect(member.endpoint) as channel:
        kv, lease = api.stub(channel, "KV"), api.stub(channel, "Lease")
        for one in [lease.LeaseGrant.future(rpc.LeaseGrantRequest(ID=number, TTL=2), timeout=20)
                    for number in range(1, 1001)]:
            one.result()
        for one in [kv.Put.future(rpc.PutRequest(key=b"l/%d" % number, lease=number), timeout=20)
                    for number in range(1, 1001)]:
            try:
                one.result()
            except grpc.RpcError as error:
                assert error.details() == "etcdserver: requested lease not found"
        everything = rpc.RangeRequest(key=b"l/", range_end=b"l0", count_only=True)
        end = time.monotonic() + 60
        while kv.Range(everything, timeout=10).count:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert not lease.LeaseLeases(rpc.LeaseLeasesRequest(), timeout=10).leases
        revision = kv.Range(everything, timeout=10).header.revision
    assert revision <= 2001, "each lease deletes its key in one revision, and once"


def test_a_full_quota_raises_the_alarm_and_compaction_with_defragment_frees_it(start):
    member = start("--quota-backend-bytes=20000000", "--quota-backend-rule=etcd")
    with api.connect(member.endpoint) as channel:
        kv, maintenance = api.stub(channel, "KV"), api.stub(channel, "Maintenance")
        with pytest.raises(grpc.RpcError) as error:
            for _ in range(400):
                revision = kv.Put(rpc.PutRequest(key=b"a", value=bytes(200_000))).header.revision
                time.sleep(0.005)
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.value.details() == "etcdserver: mvcc: database space exceeded"
        # The alarm is an entry of its own, which the refusal does not wait for.
        alarms = until(lambda: maintenance.Alarm(
            rpc.AlarmRequest(action=rpc.AlarmRequest.GET)).alarms, what="the alarm")
        assert [one.alarm for one in alarms] == [rpc.NOSPACE]
        assert member.get("/health") == (
            503, '{"health":"false","reason":"ALARM NOSPACE"}\n')
        assert member.get("/health?exclude=NOSPACE")[0] == 200
        assert maintenance.Status(rpc.StatusRequest()).errors[0].endswith("alarm:NOSPACE")
        kv.Range(rpc.RangeRequest(key=b"a"))
        kv.DeleteRange(rpc.DeleteRangeRequest(key=b"nothing"))

        revision = kv.Range(rpc.RangeRequest(key=b"b")).header.revision
        kv.Compact(rpc.CompactionRequest(revision=revision, physical=True), timeout=60)
        member.etcdctl("defrag")
        member.etcdctl("alarm", "disarm")
        assert maintenance.Alarm(rpc.AlarmRequest(action=rpc.AlarmRequest.GET)).alarms == []
        kv.Put(rpc.PutRequest(key=b"b", value=b"1"))
        assert member.get("/health")[0] == 200


def test_the_alarm_survives_a_restart(start):
    member = start("--quota-backend-bytes=20000000", "--quota-backend-rule=etcd")

    def refusal():
        result = member.etcdctl("put", "a", input="x" * 800_000, check=False)
        return result.stderr if result.returncode else None

    assert "database space exceeded" in until(refusal, what="the end of the quota", pause=0.12)
    # The alarm is an entry of its own, which the refusal does not wait for.
    until(lambda: "NOSPACE" in member.etcdctl("alarm", "list").stdout, what="the alarm")
    member.kill()
    member.start(wait=False)

    def health():
        with contextlib.suppress(OSError):
            return member.get("/health")[1]

    until(lambda: health() == '{"health":"false","reason":"ALARM NOSPACE"}\n', 60, "the alarm again")
