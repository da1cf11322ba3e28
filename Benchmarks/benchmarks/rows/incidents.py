"""Rows of failures in a cluster of three: a killed leader, a lagging follower."""
import contextlib
import itertools
import time

import grpc

from acceptance import api
from acceptance.cluster import flags_for, metric
from benchmarks.measurements import client
from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.systems import alternating, binary, three_members
from benchmarks.rows import workloads
from benchmarks.rows.pauses import IDLE_SECONDS, add_phases, during_puts

rpc = api.rpc

# Entries that a follower lags.
LAG_ENTRIES = 100_000
# The flags that determine how it catches up. 3.5.1 has no flag for the entries to keep: it keeps
# all entries since its last snapshot.
METHODS = {
    "log": ["--snapshot-count=10000000", "--snapshot-catchup-entries=200000"],
    "snapshot": ["--snapshot-count=10000"],
}


def leader_killed(options, parent, into):
    for number, name in alternating(options):
        report_progress(f"round {number + 1}, {name}: leader killed")
        with three_members(name, parent, number) as trio:
            for _ in range(3):
                seconds = failover_seconds(trio)
                into.add("3 members: leader killed", "failover ms", name, seconds * 1e3)


def catch_up(options, parent, into):
    """A lagging follower catches up, during puts at the leader."""
    for number, name in alternating(options):
        for method, flags in METHODS.items():
            title = f"3 members: catch-up, {LAG_ENTRIES:,} entries behind, by {method}"
            report_progress(f"round {number + 1}, {name}: {title}")
            flags = flags_for(binary(name), flags)
            with three_members(name, parent, number, *flags) as trio:
                seconds, result, actual = catch_up_during_puts(trio, LAG_ENTRIES)
            assert actual == method, f"{name} has caught up by {actual}"
            into.add(title, "caught up s", name, seconds)
            add_phases(title, name, result, into)


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


def catch_up_during_puts(trio, entries):
    """Restarts a follower that lags by `entries`.

    Returns the seconds from its start until it has applied the entries that the leader had then;
    the measurements of a client of the leader, before the follower was stopped and while it catches
    up; and how it has caught up.
    """
    leader, follower = trio.leader(), trio.followers()[0]
    with client.fixed_rate_puts(leader.endpoint) as puts:
        time.sleep(IDLE_SECONDS)
        before = puts.finish()["phases"]
    follower.kill()
    client.generate(leader, "load", *workloads.MANY, "--keys", entries)
    goal = leader.status().raftAppliedIndex

    def restart():
        follower.start(wait=False)
        wait_applied(follower, goal, time.monotonic() + 300)

    seconds, result = during_puts(leader.endpoint, 0.3, restart)
    follower.wait_ready(60)
    snapshots = metric(follower, "etcd_network_snapshot_receive_success")
    method = "snapshot" if snapshots else "log"
    return seconds, {**result, "phases": [before[0], result["phases"][1]]}, method


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
