"""States that no member of ours may serve: a cluster with users, and a database that was damaged on
its way. They are refused wherever they come from, and what the member had stays as it was.

Users and roles are not supported yet. A member that served such a cluster's data would give it to
everybody, and take writes that the others refuse.
"""
import subprocess

import history
from cluster import log_faults, metric, until
from members import our_etcdutl

# Small enough for snapshots to be taken; 3.5.1 keeps 5,000 entries whatever it is told.
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
    """A key as this member has it."""
    return member.etcdctl("get", key, "--consistency=s", "--print-value-only", *flags,
                          check=False).stdout.strip()


def hash_of_keys(member):
    told = subprocess.run(
        [our_etcdutl(), "hashkv", str(member.directory / "member/snap/db")],
        capture_output=True, text=True, check=True)
    return told.stdout


def end_of(member, seconds=60):
    """The last line of a member that has to stop by itself."""
    assert member.process.wait(seconds) == 1, member.tail()
    last = member.log_lines()[-1]
    assert last["level"] == "fatal", last
    return last["error"]


def assert_etcd_goes_on(member, cluster, is_learner=True):
    """A real etcd starts on the directory as ours has left it, and catches up."""
    member.kind = "real"
    member.start(wait=False)
    if is_learner:
        # It does not take the user's name as long as it learns.
        until(lambda: cluster[0].etcdctl(
            "member", "promote", member.hex_id, *USER, check=False).returncode == 0)
        # After a snapshot with users 3.5.1 takes no token until it has been started again.
        member.stop()
        member.start(wait=False)
    until(lambda: read(member, "kept", *USER) == "secret", what="the others' data")
    cluster[0].etcdctl("put", "kept", "later", *USER)
    until(lambda: read(member, "kept", *USER) == "later", what="what came later")


def fill(member, tmp_path):
    record = history.History(tmp_path / "history.jsonl")
    history.fill(member, record, BEYOND_THE_LOG_OF_3_5)
    record.close()


def learner_behind_the_log(cluster, tmp_path):
    """A learner of ours that does not run, has key `own`, and needs a snapshot of the real one."""
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
    assert_etcd_goes_on(ours, cluster)


def test_a_snapshot_of_a_cluster_with_users_is_not_installed(make_cluster, tmp_path):
    cluster = make_cluster(*FLAGS, kinds=("real",))
    ours = learner_behind_the_log(cluster, tmp_path)
    add_users(cluster[0])
    before = hash_of_keys(ours)
    ours.start(wait=False)
    assert end_of(ours).startswith(REFUSAL)
    assert hash_of_keys(ours) == before
    assert not list((ours.directory / "member/snap").glob("*.snap.db"))
    assert_etcd_goes_on(ours, cluster)


def test_a_member_stops_when_users_are_added(make_cluster):
    cluster = make_cluster(kinds=("real", "real", "ours"))
    ours = cluster[2]
    cluster.etcdctl("put", "own", "1", via=cluster[0])
    until(lambda: read(ours, "own") == "1")
    # What only asks for users stops nobody.
    cluster[0].etcdctl("auth", "status")
    cluster[0].etcdctl("user", "list")
    cluster[0].etcdctl("put", "own", "2")
    until(lambda: read(ours, "own") == "2")
    assert not log_faults(ours), log_faults(ours)
    # As leader ours would take the later commands with it.
    if cluster.wait_leader() is ours:
        cluster.move_leader(cluster[0])
    add_users(cluster[0])
    reason = end_of(ours)
    assert "(AuthUserAdd) changes users, roles or whether authentication is enabled" in reason
    # At the latest with the second start it knows that the entry is committed.
    before = hash_of_keys(ours)
    for _ in range(3):
        ours.start(wait=False)
        assert "(AuthUserAdd) changes users, roles or whether" in end_of(ours)
    assert hash_of_keys(ours) == before
    assert_etcd_goes_on(ours, cluster, is_learner=False)


def test_a_database_that_was_damaged_on_its_way_is_not_installed(make_cluster, tmp_path):
    cluster = make_cluster(*FLAGS, kinds=("real",), links=True)
    real = cluster[0]
    ours = learner_behind_the_log(cluster, tmp_path)
    # One of the two pages that say where everything is, each time the database is sent.
    cluster.links.damage(real.name, ours.name, b"\xed\xda\x0c\xed")
    before = hash_of_keys(ours)
    ours.start(wait=False)

    def refusals():
        return [line for line in ours.log_lines()
                if line["msg"] == "the received database is refused, and the present one stays"]
    until(refusals, what="a refusal")
    assert refusals()[0]["error"].startswith("the database is corrupt: page ")
    assert ours.is_running
    ours.kill()
    assert hash_of_keys(ours) == before
    real.etcdctl("put", "later", "1")
    ours.start(wait=False)
    cluster.links.heal()
    until(lambda: read(ours, "later") == "1", what="the snapshot, whole")
    assert metric(ours, "etcd_network_snapshot_receive_success") >= 1
    cluster.promote(ours)
    cluster.same_hashes()
