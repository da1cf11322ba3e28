"""Rows of failures in a cluster of three: a killed leader, a lagging follower."""
import contextlib
import itertools
import time

import grpc

from acceptance import api
from acceptance.cluster import metric
from benchmarks.measurements import client
from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.systems import alternating, three_members
from benchmarks.rows import workloads

rpc = api.rpc

# Entries that a follower lags.
LAG_ENTRIES = 100_000
# The flags that determine how it catches up. 3.5.1 has no flag for the entries to keep: it keeps
# all entries since its last snapshot.
CATCH_UP_FLAGS = {
    "log": ["--snapshot-count=10000000", "--snapshot-catchup-entries=1000000"],
    "snapshot": ["--snapshot-count=10000"],
}


def leader_killed(options, parent, into):
    for number, name in alternating(options):
        report_progress(f"round {number + 1}, {name}: leader killed")
        with three_members(name, parent, number) as trio:
            for _ in range(3):
                seconds = failover_seconds(trio)
                into.add("3 members: leader killed", "failover ms", name, seconds * 1e3)


def failover_seconds(trio):
    """Kills the leader; returns the time until another member has acknowledged a put."""
    leader = trio.leader()
    rest = [one for one in trio.members if one is not leader]
    channels = [api.connect(one.endpoint) for one in rest]
    try:
        put = [api.stub(channel, "KV").Put for channel in channels]
        for one in put:
            one(rpc.PutRequest(key=b"before", value=b"v"), timeout=10)
        leader.kill()
        return first_response_seconds(put)
    finally:
        for channel in channels:
            channel.close()
        leader.start(wait=False)
        leader.wait_ready(60)


def first_response_seconds(calls):
    """Starts a put every 5 ms, so that the measurement does not wait for a deadline."""
    began, acknowledged, open_calls = time.monotonic(), [], []

    def ended(future):
        if not future.exception():
            acknowledged.append(time.monotonic())

    for call in itertools.cycle(calls):
        future = call.future(rpc.PutRequest(key=b"after", value=b"v"), timeout=2)
        future.add_done_callback(ended)
        open_calls.append(future)
        time.sleep(0.005)
        if acknowledged:
            break
        assert time.monotonic() < began + 60, "no write within a minute after the kill"
    for future in open_calls:
        future.cancel()
        with contextlib.suppress(grpc.RpcError, grpc.FutureCancelledError):
            future.result()
    return min(acknowledged) - began


class LaggingFollower:
    """A follower that is stopped, misses entries, and catches up by one of the methods."""

    def __init__(self, cluster, method):
        self.cluster, self.method, self.member = cluster, method, None

    def fall_behind(self):
        leader, self.member = self.cluster.leader(), self.cluster.followers()[0]
        self.member.kill()
        client.generate(leader, "load", *workloads.MANY, "--keys", LAG_ENTRIES)

    def catch_up(self):
        """Starts it, and waits until it has applied the entries that the leader has now."""
        goal = self.cluster.leader().status().raftAppliedIndex
        self.member.start(wait=False)
        wait_applied(self.member, goal, time.monotonic() + 300)
        snapshots = metric(self.member, "etcd_network_snapshot_receive_success")
        assert bool(snapshots) == (self.method == "snapshot"), f"not by {self.method}"


def wait_applied(follower, goal, end):
    """Polls rarely and on one channel, so that polling is no significant load."""
    backoff = {
        f"grpc.{which}_reconnect_backoff_ms": 50 for which in ("initial", "min", "max")}
    with api.connect(follower.endpoint, **backoff) as channel:
        status = api.stub(channel, "Maintenance").Status
        while time.monotonic() < end:
            with contextlib.suppress(grpc.RpcError):
                if status(rpc.StatusRequest(), timeout=2).raftAppliedIndex >= goal:
                    return
            time.sleep(0.05)
    raise AssertionError(f"does not catch up: {follower.tail()}")
