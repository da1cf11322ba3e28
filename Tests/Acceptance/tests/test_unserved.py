"""States that swift-etcd must not serve: a cluster with users, and a database that was damaged in
transfer. They are rejected from every source, and the member's own data is unchanged.

Users and roles are not supported yet. A member that served the data of such a cluster would ignore
its permissions and accept writes that the other members reject.
"""
import subprocess

from acceptance import history
from acceptance.cluster import log_errors, metric, until
from acceptance.members import our_etcdutl

# Small enough for snapshots; 3.5.1 always keeps 5,000 entries.
FLAGS = ("--snapshot-count=100", "--snapshot-catchup-entries=50")
BEYOND_THE_LOG_OF_3_5 = 6_000
USER = ("--user", "root:secret")
REFUSAL = "authentication is enabled in this cluster, and users and roles are not supported yet"


def add_users(member):
    for words in ("user add root:secret", "role add root", "user grant-role root root",
                  "auth enable"):
        member.etcdctl(*words.split())
    member.etcdctl("put", "kept", "secret", *USER)


def read(member, key, *flags):
    """The value of a key on this member."""
    return member.etcdctl("get", key, "--consistency=s", "--print-value-only", *flags,
                          check=False).stdout.strip()


def hash_of_keys(member):
    result = subprocess.run(
        [our_etcdutl(), "hashkv", str(member.directory / "member/snap/db")],
        capture_output=True, text=True, check=True)
    return result.stdout


def end_of(member, seconds=60):
    """The last error of a member that must stop by itself."""
    assert member.process.wait(seconds) == 1, member.tail()
    last = member.log_lines()[-1]
    assert last["level"] == "fatal", last
    return last["error"]


def assert_etcd_continues(member, cluster, is_learner=True):
    """A real etcd starts on the directory that ours has left, and catches up."""
    member.kind = "real"
    member.start(wait=False)
    if is_learner:
        # A learner accepts no user name.
        until(lambda: cluster[0].etcdctl(
            "member", "promote", member.hex_id, *USER, check=False).returncode == 0)
        # After a snapshot with users, 3.5.1 accepts no token before a restart.
        member.stop()
        member.start(wait=False)
    until(lambda: read(member, "kept", *USER) == "secret", what="the data of the cluster")
    cluster[0].etcdctl("put", "kept", "later", *USER)
    until(lambda: read(member, "kept", *USER) == "later", what="a later write")


def fill(member, tmp_path):
    record = history.History(tmp_path / "history.jsonl")
    history.fill(member, record, BEYOND_THE_LOG_OF_3_5)
    record.close()


def lagging_learner(cluster, tmp_path):
    """A stopped learner of ours with the key `own`, which needs a snapshot of the real member."""
    real = cluster[0]
    ours = cluster.add("ours", learner=True)
    real.etcdctl("put", "own", "1")
    until(lambda: read(ours, "own") == "1")
    ours.stop()
    fill(real, tmp_path)
    return ours


def test_a_cluster_with_users_is_not_joined(make_cluster):
    cluster = make_cluster(kinds=("real",))
    ours = cluster.add("ours", learner=True, start=False)
    add_users(cluster[0])
    for _ in range(2):
        ours.start(wait=False)
        assert end_of(ours).startswith(REFUSAL)
    assert not (ours.directory / "member/wal").exists()
    assert_etcd_continues(ours, cluster)


def test_a_snapshot_of_a_cluster_with_users_is_not_installed(make_cluster, tmp_path):
    cluster = make_cluster(*FLAGS, kinds=("real",))
    ours = lagging_learner(cluster, tmp_path)
    add_users(cluster[0])
    before = hash_of_keys(ours)
    ours.start(wait=False)
    assert end_of(ours).startswith(REFUSAL)
    assert hash_of_keys(ours) == before
    assert not list((ours.directory / "member/snap").glob("*.snap.db"))
    assert_etcd_continues(ours, cluster)


def test_a_member_stops_when_users_are_added(make_cluster):
    cluster = make_cluster(kinds=("real", "real", "ours"))
    ours = cluster[2]
    cluster.etcdctl("put", "own", "1", via=cluster[0])
    until(lambda: read(ours, "own") == "1")
    # Read-only auth requests do not stop the member.
    cluster[0].etcdctl("auth", "status")
    cluster[0].etcdctl("user", "list")
    cluster[0].etcdctl("put", "own", "2")
    until(lambda: read(ours, "own") == "2")
    assert not log_errors(ours), log_errors(ours)
    # The later commands need a leader.
    if cluster.wait_leader() is ours:
        cluster.move_leader(cluster[0])
    add_users(cluster[0])
    reason = end_of(ours)
    assert "(AuthUserAdd) changes users, roles or whether authentication is enabled" in reason
    # At the latest after the second start, the entry is known to be committed.
    before = hash_of_keys(ours)
    for _ in range(3):
        ours.start(wait=False)
        assert "(AuthUserAdd) changes users, roles or whether" in end_of(ours)
    assert hash_of_keys(ours) == before
    assert_etcd_continues(ours, cluster, is_learner=False)


def test_a_database_damaged_in_transfer_is_not_installed(make_cluster, tmp_path):
    cluster = make_cluster(*FLAGS, kinds=("real",), proxies=True)
    real = cluster[0]
    ours = lagging_learner(cluster, tmp_path)
    # A meta page (its magic), each time the database is sent.
    cluster.proxies.damage(real.name, ours.name, b"\xed\xda\x0c\xed")
    before = hash_of_keys(ours)
    ours.start(wait=False)

    def rejections():
        return [line for line in ours.log_lines()
                if line["msg"] == "the received database is refused, and the present one stays"]
    until(rejections, what="a rejected database")
    assert rejections()[0]["error"].startswith("the database is corrupt: page ")
    assert ours.is_running
    ours.kill()
    assert hash_of_keys(ours) == before
    real.etcdctl("put", "later", "1")
    ours.start(wait=False)
    cluster.proxies.heal()
    until(lambda: read(ours, "later") == "1", what="the undamaged snapshot")
    assert metric(ours, "etcd_network_snapshot_receive_success") >= 1
    cluster.promote(ours)
    cluster.same_hashes()
