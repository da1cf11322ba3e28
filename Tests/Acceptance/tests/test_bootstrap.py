"""Bootstrap: a single member, initial members, joining members, force-new-cluster, discovery.

Error messages are compared with those of a real etcd with the same flags.
"""
import json
import shutil
import subprocess
import time

import pytest

from acceptance import api
from acceptance.members import Member, free_ports, our_etcd, our_member, real_member, tool
from acceptance.secure import ClientTLS, server_flags


def peer_url(port):
    return f"http://127.0.0.1:{port}"


def refusal(binary, directory, *flags, seconds=60):
    """Starts a server that must fail and returns the error of its fatal log line."""
    client, = free_ports(1)
    result = subprocess.run(
        [binary, "--data-dir", str(directory), "--listen-client-urls", peer_url(client),
         "--advertise-client-urls", peer_url(client), *flags],
        capture_output=True, text=True, timeout=seconds)
    assert result.returncode == 1, result.stderr[-2000:]
    logged = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    # Other threads may log a line after it.
    return ([line for line in logged if line["level"] == "fatal"] or logged)[-1]["error"]


def lines(member, text):
    return [line for line in member.log_lines() if line.get("msg") == text]


def wait_line(member, text, seconds=60):
    """Waits for the first log line with this message and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = lines(member, text)
        if found:
            return found[0]
        assert member.process.poll() is None, member.tail()
        time.sleep(0.05)
    raise AssertionError(f"no line {text!r}: {member.tail()}")


@pytest.mark.parametrize("advertised, cluster, state", [
    ("{0}", "one=http://127.0.0.1:1", "new"),
    ("{0}", "one={0},one=http://127.0.0.1:1", "new"),
    ("{0},http://127.0.0.1:1", "one={0}", "new"),
    ("{0}", "two={0}", "new"),
    ("{0}", "one={0},two={0}", "new"),
    ("{0}", "two={0}", "existing"),
    ("{0}", "one={0},two={0}", "existing"),
    ("{0}", "one={0},two=http://127.0.0.1:1", "existing"),
    ("{0}", "one={0}", "existing"),
])
def test_invalid_initial_clusters_are_rejected_as_by_etcd(tmp_path, advertised, cluster, state):
    url = peer_url(free_ports(1)[0])
    flags = [
        "--name", "one", "--listen-peer-urls", url,
        "--initial-advertise-peer-urls", advertised.format(url),
        "--initial-cluster", cluster.format(url), "--initial-cluster-state", state,
    ]
    ours = refusal(our_etcd(), tmp_path / "ours", *flags)
    real = refusal(tool("etcd"), tmp_path / "real", *flags)
    # 3.5.1 and 3.7.1 format the resolved URLs differently.
    assert ours.split(" (resolved urls:")[0] == real.split(' ("http')[0]
    assert not (tmp_path / "ours/member/wal").exists()


def initial_members(tmp_path, kinds):
    """The initial members of a cluster; `kinds` has a factory for each."""
    ports = [free_ports(2) for _ in kinds]
    cluster = ",".join(f"m{i}={peer_url(pair[1])}" for i, pair in enumerate(ports))
    return [
        kind(tmp_path / f"m{i}.etcd", "--name", f"m{i}", "--initial-cluster", cluster,
             ports=ports[i])
        for i, kind in enumerate(kinds)
    ]


@pytest.fixture
def cluster(tmp_path):
    """cluster(*kinds) starts initial members and waits until all are ready."""
    made = []

    def make(*kinds):
        members = initial_members(tmp_path, kinds)
        made.extend(members)
        for one in members:
            one.start(wait=False)
        for one in members:
            one.wait_ready()
        return members

    yield make
    for one in made:
        one.close()


def wiped(member):
    """A swift-etcd with the flags of another member, whose data is removed."""
    member.close()
    shutil.rmtree(member.directory)
    return Member(
        our_etcd(), member.directory, *member.flags, ports=(member.client_port, member.peer_port))


def member_names(member):
    listed = json.loads(member.etcdctl("member", "list", "-w", "json").stdout)
    return sorted(one.get("name", "") for one in listed["members"])


def test_an_initial_member_that_lost_its_data_is_rejected(cluster):
    members = cluster(real_member, real_member, real_member)
    listed = json.loads(members[0].etcdctl("member", "list", "-w", "json").stdout)["members"]
    lost = next(one for one in listed if one["name"] == "m1")
    again = wiped(members[1])
    message = refusal(again.binary, again.directory, *again.arguments()[3:])
    assert message == f"member {lost['ID']:x} has already been bootstrapped"


def test_a_member_must_be_added_before_it_joins(cluster, tmp_path):
    first, = cluster(real_member)
    port, = free_ports(1)
    flags = [
        "--name", "late", "--listen-peer-urls", peer_url(port),
        "--initial-advertise-peer-urls", peer_url(port), "--initial-cluster",
        f"m0={peer_url(first.peer_port)},late={peer_url(port)}",
        "--initial-cluster-state", "existing",
    ]
    ours = refusal(our_etcd(), tmp_path / "ours", *flags)
    real = refusal(tool("etcd"), tmp_path / "real", *flags)
    assert ours == real
    assert ours.endswith(": member count is unequal")
    first.etcdctl("member", "add", "late", f"--peer-urls={peer_url(port + 1)}", check=False)
    ours = refusal(our_etcd(), tmp_path / "ours", *flags)
    assert "PeerURLs: no match found for existing member" in ours


def joining(first, tmp_path, name="late", binary=None):
    """A member that was added to the cluster of `first` and is not started."""
    ports = free_ports(2)
    url = peer_url(ports[1])
    first.etcdctl("member", "add", name, f"--peer-urls={url}")
    return Member(
        binary or our_etcd(), tmp_path / f"{name}.etcd", "--name", name,
        "--initial-cluster", f"m0={peer_url(first.peer_port)},{name}={url}",
        "--initial-cluster-state", "existing", ports=ports)


def wait_names(member, names, seconds=60):
    """Waits until all members have published their names."""
    end = time.monotonic() + seconds
    while member_names(member) != names:
        assert time.monotonic() < end, member_names(member)
        time.sleep(0.05)


def test_joins_a_real_etcd(cluster, tmp_path):
    first, = cluster(real_member)
    for number in range(30):
        first.etcdctl("put", f"key{number}", "value")
    late = joining(first, tmp_path)
    try:
        late.start()
        assert late.etcdctl("get", "key29", "--print-value-only").stdout == "value\n"
        wait_names(late, ["late", "m0"])
        assert late.hash_kv() == first.hash_kv()
        late.stop()
        late.start()
        late.etcdctl("put", "after", "restart")
        assert first.etcdctl("get", "after", "--print-value-only").stdout == "restart\n"
    finally:
        late.close()


def test_joins_by_a_snapshot_despite_kills_at_any_time(tmp_path):
    """The leader has compacted its first entries, so it sends a snapshot."""
    ports = free_ports(2)
    first = real_member(
        tmp_path / "m0.etcd", "--name", "m0", "--initial-cluster", f"m0={peer_url(ports[1])}",
        "--snapshot-count", "100", "--unsafe-no-fsync", ports=ports)
    late = None
    try:
        first.start()
        with api.connect(first.endpoint) as channel:
            put = api.stub(channel, "KV").Put
            # A real 3.5 keeps 5,000 entries before its snapshot.
            for batch in range(56):
                calls = [
                    put.future(api.rpc.PutRequest(
                        key=f"key{batch}".encode(), value=str(number).encode() * 500))
                    for number in range(100)]
                for call in calls:
                    call.result(timeout=60)
        late = joining(first, tmp_path)
        for attempt in range(10):
            started = len(lines(late, "starting local member")) if attempt else 0
            late.start(wait=False)
            end = time.monotonic() + 30
            while len(lines(late, "starting local member")) == started:
                assert late.process.poll() is None and time.monotonic() < end, late.tail()
                time.sleep(0.01)
            time.sleep(0.04 * attempt)
            assert late.process.poll() is None, late.tail()
            late.kill()
        late.start()
        first.etcdctl("put", "last", "one")
        assert late.etcdctl("get", "last", "--print-value-only").stdout == "one\n"
        assert late.hash_kv() == first.hash_kv()
        # It has too few entries for a snapshot of its own. The received one need not be in its
        # log: it may have been killed after saving the snapshot and before logging.
        assert list((late.directory / "member" / "snap").glob("*.snap"))
    finally:
        first.close()
        if late:
            late.close()


def test_force_new_cluster_on_the_data_of_a_real_member(cluster, tmp_path):
    """--force-new-cluster on the data of a real etcd, and back."""
    members = cluster(real_member, real_member, real_member)
    for number in range(200):
        members[0].etcdctl("put", f"key{number % 20}", str(number))
    # The member has all entries. It persists the commit index only with its next entry, and
    # force-new-cluster drops entries beyond the persisted commit index.
    assert members[2].etcdctl("get", "key19", "--print-value-only").stdout == "199\n"
    members[0].etcdctl("put", "next", "1")
    assert members[2].etcdctl("get", "next", "--print-value-only").stdout == "1\n"
    status = json.loads(members[2].etcdctl("endpoint", "status", "-w", "json").stdout)[0]
    cluster_id = status["Status"]["header"]["cluster_id"]
    for one in members:
        one.kill()
    survivor = Member(
        our_etcd(), members[2].directory, *members[2].flags, "--force-new-cluster",
        ports=(members[2].client_port, members[2].peer_port))
    try:
        survivor.start()
        assert member_names(survivor) == ["m2"]
        assert survivor.etcdctl("get", "key19", "--print-value-only").stdout == "199\n"
        survivor.etcdctl("put", "after", "all")
        status = json.loads(survivor.etcdctl("endpoint", "status", "-w", "json").stdout)[0]
        assert status["Status"]["header"]["cluster_id"] == cluster_id
        assert lines(survivor, "forcing restart member")
        assert survivor.stop() != 0
    finally:
        survivor.close()
    back = Member(
        tool("etcd"), members[2].directory, *members[2].flags,
        ports=(members[2].client_port, members[2].peer_port))
    try:
        back.start()
        assert member_names(back) == ["m2"]
        assert back.etcdctl("get", "after", "--print-value-only").stdout == "all\n"
    finally:
        back.close()


def test_a_member_on_the_data_of_a_real_one_knows_the_member_names(cluster):
    """The database of 3.5 lacks the names: they are in v2 store requests in the log."""
    members = cluster(real_member, real_member, real_member)
    before = members[0].etcdctl("member", "list").stdout
    assert before.count("started") == 3
    members[2].kill()
    ours = Member(our_etcd(), members[2].directory, *members[2].flags,
                  ports=(members[2].client_port, members[2].peer_port))
    try:
        ours.start()
        assert ours.etcdctl("member", "list").stdout == before
    finally:
        ours.close()


def test_the_whole_log_of_a_real_etcd_is_replayed(start, tmp_path):
    """v2 store requests, membership changes and writes, without the database."""
    real = start(real=True)
    for number in range(50):
        real.etcdctl("put", f"key{number % 7}", str(number))
    added = real.etcdctl(
        "member", "add", "late", "--learner", "--peer-urls=http://127.0.0.1:1", "-w", "json")
    late = json.loads(added.stdout)["member"]["ID"]
    real.etcdctl("member", "remove", f"{late:x}")
    real.etcdctl("lease", "grant", "9000")
    real.etcdctl("compact", "20")
    before = real.hash_kv()
    names = member_names(real)
    real.stop()
    (real.directory / "member/snap/db").unlink()
    ours = start(directory=real.directory, ports=(real.client_port, real.peer_port))
    assert ours.hash_kv() == before
    assert member_names(ours) == names
    assert json.loads(ours.etcdctl("lease", "list", "-w", "json").stdout)["leases"]


def test_force_new_cluster_on_a_restored_snapshot_of_three(start, tmp_path):
    source = start(real=True)
    source.etcdctl("put", "kept", "yes")
    snapshot = tmp_path / "snapshot.db"
    source.etcdctl("snapshot", "save", str(snapshot))
    ports = [free_ports(2) for _ in range(3)]
    initial = ",".join(f"m{i}={peer_url(pair[1])}" for i, pair in enumerate(ports))
    directory = tmp_path / "restored.etcd"
    subprocess.run(
        [tool("etcdutl"), "snapshot", "restore", str(snapshot), "--name", "m0",
         "--initial-cluster", initial, "--initial-advertise-peer-urls", peer_url(ports[0][1]),
         "--data-dir", str(directory)], check=True, capture_output=True)
    one = Member(
        our_etcd(), directory, "--name", "m0", "--initial-cluster", initial,
        "--force-new-cluster", ports=ports[0])
    try:
        one.start()
        assert member_names(one) == ["m0"]
        assert one.etcdctl("get", "kept", "--print-value-only").stdout == "yes\n"
    finally:
        one.close()


def discovering(tmp_path, registry, token, *flags, name="one", **options):
    """A swift-etcd that uses discovery to find its cluster."""
    member = our_member(tmp_path / f"{name}.etcd", *flags, **options)
    own = member.arguments()
    initial_cluster = own.index("--initial-cluster")
    member.arguments = lambda: [
        *own[:initial_cluster], "--name", name, "--discovery-token", token,
        "--discovery-endpoints", registry.url, *member.flags]
    return member


def test_discovery_of_a_cluster_of_one(start, tmp_path):
    registry = start(real=True)
    prefix = "/_etcd/registry/alone"
    registry.etcdctl("put", f"{prefix}/_config/size", "1")
    one = discovering(tmp_path, registry, "alone")
    try:
        one.start()
        keys = registry.etcdctl("get", f"{prefix}/members", "--prefix").stdout.split()
        own = lines(one, "starting local member")[0]["local-member-id"]
        assert keys == [f"{prefix}/members/{own}", f"one={peer_url(one.peer_port)}"]
        assert lines(one, "discovery joined cluster successfully")
        one.stop()
        one.start()
        assert lines(
            one, "discovery token is ignored since cluster already initialized; valid logs are "
            "found")
    finally:
        one.close()
    two = discovering(tmp_path, registry, "alone", name="two")
    message = refusal(our_etcd(), tmp_path / "two.etcd", *two.arguments()[5:])
    assert message == "failed to join discovery cluster (discovery: cluster is full)"


def test_discovery_with_a_user(start, tmp_path):
    registry = start(real=True)
    registry.etcdctl("put", "/_etcd/registry/users/_config/size", "1")
    for words in ("user add root:registry-secret", "user grant-role root root", "auth enable"):
        registry.etcdctl(*words.split())
    user = ("--discovery-user=root", "--discovery-password=registry-secret", "--log-level=debug")
    one = discovering(tmp_path, registry, "users", *user)
    try:
        one.start()
        assert lines(one, "discovery joined cluster successfully")
        assert "registry-secret" not in one.log_path.read_text()
    finally:
        one.close()
    two = discovering(tmp_path, registry, "users", *user[:1], "--discovery-password=wrong",
                      name="two")
    assert refusal(our_etcd(), tmp_path / "two.etcd", *two.arguments()[5:]) == (
        "failed to join discovery cluster (etcdserver: authentication failed, invalid user ID or "
        "password)")


def test_discovery_waits_for_peers(start, tmp_path):
    registry = start(real=True)
    prefix = "/_etcd/registry/pair"
    registry.etcdctl("put", f"{prefix}/_config/size", "2")
    one = discovering(tmp_path, registry, "pair")
    try:
        one.start(wait=False)
        wait_line(one, "waiting for peers from discovery service")
        other, = free_ports(1)
        registry.etcdctl("put", f"{prefix}/members/nonsense", "no pair")
        registry.etcdctl("put", f"{prefix}/members/abc", f"two={peer_url(other)}")
        found = wait_line(one, "discovery joined cluster successfully")["cluster"]
        assert found == f"one={peer_url(one.peer_port)},two={peer_url(other)}"
        assert lines(one, "invalid peer info returned from discovery service")
        wait_line(one, "starting local member")
    finally:
        one.close()


@pytest.mark.parametrize("size, reason", [
    (None, "size key not found"), ("0", "size key is bad"), ("three", "size key is bad"),
])
def test_discovery_without_a_valid_size_fails(start, tmp_path, size, reason):
    registry = start(real=True)
    if size:
        registry.etcdctl("put", "/_etcd/registry/t/_config/size", size)
    one = discovering(tmp_path, registry, "t")
    message = refusal(our_etcd(), tmp_path / "one.etcd", *one.arguments()[5:])
    assert message == f"failed to join discovery cluster (discovery: {reason})"


def test_discovery_with_duplicate_urls_fails(start, tmp_path):
    registry = start(real=True)
    registry.etcdctl("put", "/_etcd/registry/t/_config/size", "2")
    one = discovering(tmp_path, registry, "t")
    url = peer_url(one.peer_port)
    registry.etcdctl("put", "/_etcd/registry/t/members/abc", f"two={url}")
    message = refusal(our_etcd(), tmp_path / "one.etcd", *one.arguments()[5:])
    assert message == f"discovery cluster one={url},two={url} has duplicate url"


def test_discovery_retries_while_the_service_is_down(tmp_path):
    registry = real_member(tmp_path / "registry.etcd")
    one = discovering(tmp_path, registry, "t")
    try:
        one.start(wait=False)
        retry = wait_line(one, "retry connecting to discovery service")
        assert retry["backoff"] == "2s"
        registry.start()
        registry.etcdctl("put", "/_etcd/registry/t/_config/size", "1")
        one.wait_ready()
    finally:
        one.close()
        registry.close()


def test_a_signal_stops_discovery(start, tmp_path):
    registry = start(real=True)
    registry.etcdctl("put", "/_etcd/registry/t/_config/size", "2")
    one = discovering(tmp_path, registry, "t")
    try:
        one.start(wait=False)
        wait_line(one, "waiting for peers from discovery service")
        assert one.stop() == -15
    finally:
        one.close()


@pytest.fixture
def secure_registry(start, certificates):
    """A real etcd with TLS that requires client certificates, with clusters of one."""
    authority = certificates.ca.path
    registry = start(
        *server_flags(certificates["srv"], authority), real=True,
        tls=ClientTLS(authority, certificates["cli"]))
    registry.etcdctl("put", "/_etcd/registry/t/_config/size", "1")
    return registry


@pytest.mark.parametrize("flags", [
    ["--discovery-cacert={ca}"],
    ["--discovery-cacert={ca}", "--discovery-insecure-transport=false"],
    ["--discovery-insecure-skip-tls-verify", "--discovery-insecure-transport=false"],
])
def test_discovery_with_tls(tmp_path, certificates, secure_registry, flags):
    client = certificates["cli"]
    one = discovering(
        tmp_path, secure_registry, "t", *(flag.format(ca=certificates.ca.path) for flag in flags),
        f"--discovery-cert={client.certificate}", f"--discovery-key={client.key}")
    try:
        one.start()
        assert lines(one, "discovery joined cluster successfully")
    finally:
        one.close()


@pytest.mark.parametrize("authority, identity, reason", [
    ("ca2", "cli", "tls: failed to verify certificate: x509: certificate signed by unknown "
                   "authority"),
    # An alert, or a reset that comes before it.
    ("ca", None, "connection error: desc = "),
])
def test_discovery_retries_while_tls_is_refused(
        tmp_path, certificates, secure_registry, authority, identity, reason):
    flags = [f"--discovery-cacert={getattr(certificates, authority).path}"]
    if identity:
        files = certificates[identity]
        flags += [f"--discovery-cert={files.certificate}", f"--discovery-key={files.key}"]
    one = discovering(tmp_path, secure_registry, "t", *flags)
    try:
        one.start(wait=False)
        failure = wait_line(one, "failed to get cluster members from discovery service")
        assert reason in failure["error"], failure
        wait_line(one, "retry connecting to discovery service")
        assert one.stop() == -15
    finally:
        one.close()


def test_discovery_with_a_missing_file_fails(tmp_path, certificates, secure_registry):
    one = discovering(tmp_path, secure_registry, "t", "--discovery-cacert=/nofile.crt")
    message = refusal(our_etcd(), tmp_path / "one.etcd", *one.arguments()[5:])
    assert "open /nofile.crt: no such file or directory" in message
