"""A cluster under faults and load, the short form; and that its judges find what is wrong.

The rules are in faults.py.
"""
import json

import pytest

import faults
import history
import judges
from faults import Faults


def test_nothing_is_lost_stale_or_out_of_order_while_members_are_killed_and_frozen(kinds):
    faults.run(seed=1, kinds=kinds, faults=[
        Faults.kill_a_minority, Faults.freeze_the_leader, Faults.kill_the_leader,
        Faults.restart_all, Faults.freeze_a_follower])


def test_nothing_is_lost_stale_or_out_of_order_while_links_are_cut_and_members_replaced(kinds):
    faults.run(seed=2, kinds=kinds, faults=[
        Faults.cut_off_the_leader, Faults.leader_is_not_heard, Faults.leader_does_not_hear,
        Faults.cut_one_pair, Faults.slow_and_broken_links, Faults.replace_a_wiped_member])


def test_nothing_is_lost_stale_or_out_of_order_while_disks_hang_and_logs_go_unread(kinds):
    faults.run(seed=4, kinds=kinds, faults=[
        Faults.hang_the_disk_of_the_leader, Faults.hang_the_disk_of_a_follower,
        Faults.leave_a_log_unread])


# The judges themselves

PAIR = {"key": "a", "value": "1", "created": 2, "modified": 2, "version": 1}
PUT = {"client": 1, "called": 1, "operation": {"put": ["a", "1"]}, "returned": 3, "revision": 2,
       "result": {"put": True}}
READ = {"client": 2, "called": 4, "operation": {"range": ["a"]}, "returned": 5, "revision": 2,
        "result": {"range": [PAIR]}}
STALE = READ | {"revision": 1, "result": {"range": []}}
AGAIN = PUT | {"client": 3, "operation": {"put": ["b", "1"]}}
UNKNOWN = {"client": 4, "called": 2, "operation": {"put": ["b", "x"]}}
TRANSACTION = {
    "client": 5, "called": 6, "returned": 7, "revision": 3,
    "operation": {"transaction": {
        "compare": [{"key": "a", "relation": "=", "modified": 2}],
        "success": [{"delete": "a"}, {"range": ["a", "z"]}], "failure": []}},
    "result": {"transaction": {"succeeded": True, "results": [{"deleted": 1}, {"range": []}]}}}


@pytest.mark.parametrize("lines, status", [
    ([], 0), ([PUT], 0), ([PUT, READ], 0), ([PUT, READ, TRANSACTION], 0),
    ([PUT, STALE], 1), ([PUT, AGAIN], 1), ([READ], 1), ([PUT, UNKNOWN, READ], 0),
    ([PUT, UNKNOWN, READ | {"revision": 3}], 0), ([PUT, READ | {"revision": 3}], 1),
    ([PUT, {"client": 1}], 3), ([PUT | {"returned": 1}], 3), ([PUT | {"result": {}}], 3),
    ([PUT | {"operation": {"put": ["a"]}}], 3),
    ([PUT | {"operation": {"put": ["a", "1"], "delete": "a"}}], 3),
], ids=str)
def test_the_judge_of_histories_reads_files(tmp_path, lines, status):
    one = history.History(tmp_path / "history.jsonl")
    one.file.write("".join(json.dumps(line) + "\n" for line in lines))
    found, text = one.judge()
    assert found == status, text
    one.close()


class Named:
    name = "m0"


def watched(*events):
    """A watcher that has been told these (revision, key, value) as one answer each."""
    rpc = judges.rpc
    watcher = judges.Watcher(Named())
    for revision, key, value, created, version in events:
        event = {"type": "PUT" if value else "DELETE", "kv": {
            "key": key, "value": value or b"", "mod_revision": revision,
            "create_revision": created, "version": version}}
        watcher._take(rpc.WatchResponse(events=[event]))
    return watcher


FIRST, SECOND, DELETED = (2, b"a", b"1", 2, 1), (3, b"a", b"2", 2, 2), (4, b"a", None, 0, 0)


@pytest.mark.parametrize("events", [
    [FIRST, FIRST], [FIRST, (4, b"a", b"2", 2, 2)], [FIRST, SECOND, FIRST], [SECOND]])
def test_the_judge_of_watches_finds_gaps_repeats_and_wrong_order(events):
    with pytest.raises(AssertionError):
        watched(*events)


def test_the_judge_of_watches_finds_differences():
    revision = DELETED[0]
    whole = watched(FIRST, SECOND, DELETED)
    judges.judge_watchers([whole, whole], [watched(FIRST)], [], revision)
    other = watched(FIRST, (3, b"a", b"3", 2, 2), DELETED)
    with pytest.raises(AssertionError, match="different"):
        judges.judge_watchers([whole, other], [], [], revision)
    with pytest.raises(AssertionError, match="different"):
        judges.judge_watchers([whole], [watched((2, b"a", b"0", 2, 1))], [], revision)
    with pytest.raises(AssertionError, match="final state"):
        judges.judge_watchers([whole], [], [judges.api.kv.KeyValue(key=b"a")], revision)
    with pytest.raises(AssertionError, match="must be"):
        judges.judge_watchers([watched(FIRST, (3, b"a", b"2", 2, 3))], [], [], 3)


def test_the_judge_of_leases_finds_an_early_end():
    class Holder:
        leases = [judges.Lease(1, 2)]
    lease = Holder.leases[0]
    watcher = watched((2, lease.key.encode(), b"1", 2, 1), (3, lease.key.encode(), None, 0, 0))
    ended = watcher.seen_at[3] / 1e9
    lease.renewed_at = ended - 2.01
    assert judges.judge_early_ends([Holder], [watcher]) == 1
    lease.renewed_at = ended - 1.99
    with pytest.raises(AssertionError, match="is gone"):
        judges.judge_early_ends([Holder], [watcher])
