"""Corruption checks: each of them must detect a member with different data.

The value of one key is changed in the database file of a stopped member. The file has no page
checksums, so it opens; only the hashes differ.
"""
import pytest

from acceptance import api
from acceptance.cluster import log_errors, until

rpc = api.rpc
GOOD, BAD = b"the value that was written", b"the value that was damaged"


def fill(cluster):
    for number in range(50):
        cluster[0].stub("KV").Put(
            rpc.PutRequest(key=b"key/%d" % number, value=GOOD if number == 7 else b"v"), timeout=20)
    cluster.same_hashes()


def damage(member):
    """Stops a member and changes the value in its database file."""
    member.stop()
    path = member.directory / "member/snap/db"
    content = path.read_bytes()
    assert GOOD in content
    path.write_bytes(content.replace(GOOD, BAD))


def alarms(member):
    request = rpc.AlarmRequest(action=rpc.AlarmRequest.GET, alarm=rpc.CORRUPT)
    return {one.memberID for one in member.stub("Maintenance").Alarm(request, timeout=10).alarms}


def start_checked(damaged):
    """Starts a member that may have an alarm before its first health check."""
    damaged.start(wait=False)
    until(damaged.status, what="the status of the damaged member")


def assert_alarm(cluster, damaged):
    """All members have the alarm, and reject writes until it is disarmed."""
    for one in cluster:
        until(lambda: alarms(one) == {damaged.id}, what=f"the alarm at {one.name}")
        refused = one.etcdctl("put", "a", "b", check=False)
        assert "etcdserver: corrupt cluster" in refused.stderr
        assert one.etcdctl("get", "key/1", "--print-value-only").stdout == "v\n"
        assert one.get("/health")[0] == 503


@pytest.mark.parametrize("kinds, leads", [
    (("ours",) * 3, True), (("ours",) * 3, False), (("real", "ours", "ours"), False)])
def test_the_periodic_check_finds_a_damaged_member(make_cluster, kinds, leads):
    cluster = make_cluster("--corrupt-check-time=1s", kinds=kinds)
    fill(cluster)
    damaged, other = cluster[0], cluster[1]
    damage(damaged)
    start_checked(damaged)
    leader = damaged if leads else other
    if cluster.wait_leader() is not leader:
        cluster.move_leader(leader)
    found = until(lambda: alarms(other), what="an alarm")
    # The periodic check does not count a majority: it trusts the leader.
    assert found <= {one.id for one in cluster if leads or one is damaged}


def test_a_damaged_member_does_not_start_with_the_initial_check(make_cluster):
    cluster = make_cluster("--feature-gates=InitialCorruptCheck=true")
    fill(cluster)
    damaged = cluster.followers()[0]
    damage(damaged)
    damaged.start(wait=False)
    damaged.process.wait(60)
    assert damaged.process.returncode == 1
    assert "found data inconsistency with peers" in damaged.tail()
    cluster.same_hashes()


def test_a_damaged_member_does_not_vote_before_the_initial_check(make_cluster):
    cluster = make_cluster("--feature-gates=InitialCorruptCheck=true")
    fill(cluster)
    alone = cluster.wait_leader()
    damaged, frozen = cluster.followers()
    damage(damaged)
    # The check waits for the frozen member; with the damaged one, the leader has a quorum.
    frozen.freeze()
    until(lambda: alone.status().leader == 0, what="no leader")
    term = alone.status().raftTerm
    damaged.start(wait=False)
    damaged.process.wait(60)
    assert "found data inconsistency with peers" in damaged.tail()
    status = alone.status()
    assert (status.leader, status.raftTerm) == (0, term), "the damaged member has not voted for it"
    frozen.resume()
    cluster.wait_leader([alone, frozen])
    cluster.same_hashes([alone, frozen])


@pytest.mark.parametrize("leads", [True, False], ids=["damaged-leader", "damaged-follower"])
def test_the_compaction_check_finds_a_damaged_member(make_cluster, leads):
    cluster = make_cluster(
        "--feature-gates=CompactHashCheck=true", "--compact-hash-check-time=1s")
    fill(cluster)
    damaged = cluster.followers()[0]
    damage(damaged)
    damaged.start()
    if leads:
        cluster.move_leader(damaged)
    cluster.etcdctl("compaction", "20", "--physical")
    assert_alarm(cluster, damaged)


def test_the_alarm_is_cleared_after_the_member_was_replaced(make_cluster):
    cluster = make_cluster("--corrupt-check-time=1s")
    fill(cluster)
    damaged = cluster.followers()[0]
    damage(damaged)
    start_checked(damaged)
    assert_alarm(cluster, damaged)
    damaged.stop()
    damaged.wipe()
    cluster.remove(damaged)
    cluster.etcdctl("alarm", "disarm")
    new = cluster.add(learner=True)
    cluster.promote(new)
    for one in cluster:
        until(lambda: not alarms(one))
        one.etcdctl("put", "a", "b")
    assert not log_errors(new), log_errors(new)
    cluster.same_hashes()
