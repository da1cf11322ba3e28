"""A cluster under faults and load (short runs), and tests of the checkers.

acceptance/faults.py has the requirements.
"""
import json

import pytest

from acceptance import checkers, faults, history
from acceptance.faults import FaultInjector, ProxiedFaultInjector

pytestmark = pytest.mark.alone


def test_nothing_is_lost_stale_or_out_of_order_while_members_are_killed_and_frozen(kinds):
    faults.run(seed=1, kinds=kinds, faults=[
        FaultInjector.kill_minority, FaultInjector.freeze_leader, FaultInjector.kill_leader,
        FaultInjector.restart_all, FaultInjector.freeze_follower])


def test_nothing_is_lost_stale_or_out_of_order_during_partitions_and_member_replacement(kinds):
    faults.run(seed=2, kinds=kinds, faults=[
        FaultInjector.isolate_leader, FaultInjector.hold_messages_from_leader,
        FaultInjector.hold_messages_to_leader, FaultInjector.partition_one_pair,
        FaultInjector.slow_and_broken_connections, FaultInjector.replace_wiped_member])


def test_nothing_is_lost_stale_or_out_of_order_while_disks_hang_and_logs_are_blocked(kinds):
    faults.run(seed=4, kinds=kinds, faults=[
        FaultInjector.hang_disk_of_leader, FaultInjector.hang_disk_of_follower,
        FaultInjector.block_log])


def test_nothing_is_lost_stale_or_out_of_order_through_proxies(kinds):
    faults.run(seed=5, kinds=kinds, injector_type=ProxiedFaultInjector, faults=[
        FaultInjector.kill_leader, FaultInjector.freeze_follower, FaultInjector.isolate_leader,
        FaultInjector.restart_all])


# Tests of the checkers

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
def test_the_history_checker(tmp_path, lines, status):
    one = history.History(tmp_path / "history.jsonl")
    one.file.write("".join(json.dumps(line) + "\n" for line in lines))
    found, text = one.check()
    assert found == status, text
    one.close()


class NamedMember:
    name = "m0"


def watched(*events):
    """A watcher that has received these events, each in a response of its own."""
    rpc = checkers.rpc
    watcher = checkers.Watcher(NamedMember())
    for revision, key, value, created, version in events:
        event = {"type": "PUT" if value else "DELETE", "kv": {
            "key": key, "value": value or b"", "mod_revision": revision,
            "create_revision": created, "version": version}}
        watcher._take(rpc.WatchResponse(events=[event]))
    return watcher


FIRST, SECOND, DELETED = (2, b"a", b"1", 2, 1), (3, b"a", b"2", 2, 2), (4, b"a", None, 0, 0)


@pytest.mark.parametrize("events", [
    [FIRST, FIRST], [FIRST, (4, b"a", b"2", 2, 2)], [FIRST, SECOND, FIRST], [SECOND]])
def test_the_watch_checker_finds_gaps_repeats_and_wrong_order(events):
    with pytest.raises(AssertionError):
        watched(*events)


def test_the_watch_checker_finds_differences():
    revision = DELETED[0]
    whole = watched(FIRST, SECOND, DELETED)
    checkers.check_watchers([whole, whole], [watched(FIRST)], [], revision)
    other = watched(FIRST, (3, b"a", b"3", 2, 2), DELETED)
    with pytest.raises(AssertionError, match="different"):
        checkers.check_watchers([whole, other], [], [], revision)
    with pytest.raises(AssertionError, match="different"):
        checkers.check_watchers([whole], [watched((2, b"a", b"0", 2, 1))], [], revision)
    with pytest.raises(AssertionError, match="final state"):
        checkers.check_watchers([whole], [], [checkers.api.kv.KeyValue(key=b"a")], revision)
    with pytest.raises(AssertionError, match="must be"):
        checkers.check_watchers([watched(FIRST, (3, b"a", b"2", 2, 3))], [], [], 3)


def test_the_lease_checker_finds_an_early_expiry():
    class Holder:
        leases = [checkers.Lease(1, 2)]
    lease = Holder.leases[0]
    watcher = watched((2, lease.key.encode(), b"1", 2, 1), (3, lease.key.encode(), None, 0, 0))
    expired = watcher.seen_at[3] / 1e9
    lease.renewed_at = expired - 2.01
    assert checkers.check_early_expiries([Holder], [watcher]) == 1
    lease.renewed_at = expired - 1.99
    with pytest.raises(AssertionError, match="is deleted"):
        checkers.check_early_expiries([Holder], [watcher])
