"""Requests through other members when the leader is killed or stopped, or there is none."""
import signal
import threading
import time

import grpc
import pytest

from acceptance import api
from acceptance.cluster import until

rpc = api.rpc
pytestmark = pytest.mark.alone

POSSIBLY_LEADER = "etcdserver: request timed out, possibly due to previous leader failure"


def put(member, key, value=b"value", timeout=20):
    return member.stub("KV").Put(rpc.PutRequest(key=key, value=value), timeout=timeout)


class Writer(threading.Thread):
    """Sequential puts through one member; records the times of successes, and the errors."""

    def __init__(self, member, threads=1):
        super().__init__(daemon=True)
        self.member, self.stopping = member, threading.Event()
        self.times, self.errors, self.written = [time.monotonic()], [], {}

    def run(self):
        number = 0
        while not self.stopping.is_set():
            number += 1
            key = b"%s-%d" % (self.name.encode(), number)
            try:
                put(self.member, key, b"%d" % number)
                self.written[key] = b"%d" % number
                self.times.append(time.monotonic())
            except grpc.RpcError as error:
                self.errors.append((error.code(), error.details()))

    def finish(self):
        self.stopping.set()
        self.join(30)
        return self

    @property
    def longest_gap(self):
        return max(after - before for before, after in zip(self.times, self.times[1:]))


# Two election timeouts of a second, and half a second for the write itself.
GAP_SECONDS_MAX = 2.5


def test_a_writer_through_a_follower_waits_for_the_election_and_not_for_its_timeout(make_cluster):
    cluster = make_cluster()
    gaps = []
    # A busy machine may delay one of them.
    while not gaps or (gaps[-1] > GAP_SECONDS_MAX and len(gaps) < 3):
        leader = cluster.wait_leader()
        gaps.append(gap_when_killed(cluster, leader))
        leader.start(wait=False)
        cluster.wait_healthy()
    print("no acknowledged write for", ", ".join(f"{gap:.1f} s" for gap in gaps))
    assert gaps[-1] <= GAP_SECONDS_MAX


def wait_for_writes(writers):
    """Waits until each writer has successes of calls that began after this: not only the one that
    is on its way."""
    before = [len(writer.times) for writer in writers]
    until(lambda: all(len(writer.times) > count + 2 for writer, count in zip(writers, before)), 60,
          "successful writes")


def gap_when_killed(cluster, leader):
    """Longest time without an acknowledged write through a follower when the leader is killed."""
    writers = [Writer(one) for one in cluster.followers() for _ in range(4)]
    for writer in writers:
        writer.start()
    until(lambda: all(len(writer.times) > 20 for writer in writers), 60, "running writers")
    cluster.kill([leader])
    wait_for_writes(writers)
    time.sleep(0.5)
    for writer in writers:
        writer.finish()
    errors = [error for writer in writers for error in writer.errors]
    assert {error for error in errors} <= {(grpc.StatusCode.UNAVAILABLE, POSSIBLY_LEADER)}, errors
    # All acknowledged writes exist.
    stub = cluster.running()[0].stub("KV")
    for writer in writers:
        for key, value in writer.written.items():
            found = stub.Range(rpc.RangeRequest(key=key), timeout=20).kvs
            assert [one.value for one in found] == [value]
    return max(writer.longest_gap for writer in writers)


def test_unsent_proposals_go_to_the_next_leader(make_cluster):
    cluster = make_cluster()
    leader = cluster.wait_leader()
    cluster.kill([leader])
    # There is no leader yet: these wait, and none of them is lost.
    one = cluster.running()[0]
    time.sleep(0.2)
    calls = [one.stub("KV").Put.future(rpc.PutRequest(key=b"k%d" % n, value=b"v"), timeout=20)
             for n in range(20)]
    for call in calls:
        call.result(timeout=30)


def test_a_member_is_added_after_the_leader_was_killed(make_cluster):
    cluster = make_cluster("--strict-reconfig-check=false")
    leader = cluster.wait_leader()
    one = cluster.followers()[0]
    cluster.kill([leader])
    time.sleep(0.2)
    added = one.stub("Cluster").MemberAdd(
        rpc.MemberAddRequest(peerURLs=["http://127.0.0.1:9"], isLearner=True), timeout=20)
    assert added.member.isLearner


def test_without_a_majority_a_put_ends_with_its_context(make_cluster):
    cluster = make_cluster()
    leader = cluster.wait_leader()
    last = cluster.followers()[0]
    cluster.kill([one for one in cluster if one is not last])
    until(lambda: (status := last.status()) and not status.leader, 20, "a member without a leader")
    with pytest.raises(grpc.RpcError) as raised:
        put(last, b"k", timeout=20)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert raised.value.details() == "context deadline exceeded"
    assert leader is not last


def test_puts_through_followers_survive_a_clean_stop_of_the_leader(make_cluster):
    cluster = make_cluster()
    leader = cluster.wait_leader()
    writers = [Writer(one) for one in cluster.followers() for _ in range(4)]
    for writer in writers:
        writer.start()
    until(lambda: all(len(writer.times) > 20 for writer in writers), 60, "running writers")
    leader.process.send_signal(signal.SIGTERM)
    assert leader.process.wait(30) == -signal.SIGTERM
    wait_for_writes(writers)
    for writer in writers:
        writer.finish()
    errors = [error for writer in writers for error in writer.errors]
    assert errors == []
    assert max(writer.longest_gap for writer in writers) < 5
