"""What happens to a cluster of three: its leader is killed, a follower was away for long."""
import contextlib
import itertools
import time

import client
import processes  # first: it says where the modules of the tests are
import rows
from note import note
from pauses import IDLE, add_phases, beside_puts
from samples import OURS, THEIRS
from systems import alternating, three_members

import api
import grpc

rpc = api.rpc

# How far a follower is behind, and the flags that decide how it catches up. 3.5.1 keeps in memory
# what came since its last snapshot, and has no flag for what it keeps beyond.
BEHIND = 100_000
BY_LOG = {
    OURS: ["--snapshot-count", "10000000", "--snapshot-catchup-entries", "200000"],
    THEIRS: ["--snapshot-count", "10000000"]}
BY_SNAPSHOT = {name: ["--snapshot-count", "10000"] for name in (OURS, THEIRS)}


def leader_killed(options, parent, into):
    for number, name in alternating(options):
        note(f"round {number + 1}, {name}: leader killed")
        with three_members(name, parent, number) as trio:
            for _ in range(3):
                seconds = failover_seconds(trio)
                into.add("3 members: leader killed", "failover ms", name, seconds * 1e3)


def catch_up(options, parent, into):
    """Followers that come back late, and puts at the leader meanwhile."""
    for number, name in alternating(options):
        for way, flags in (("log", BY_LOG), ("snapshot", BY_SNAPSHOT)):
            title = f"3 members: catch-up, {BEHIND:,} entries behind, by {way}"
            note(f"round {number + 1}, {name}: {title}")
            with three_members(name, parent, number, *flags[name]) as trio:
                seconds, result = catch_up_beside_puts(trio, BEHIND)
            into.add(title, "caught up s", name, seconds)
            add_phases(title, name, result, into)


def failover_seconds(trio):
    """kill -9 of the leader, then the time until one of the others has acknowledged a put."""
    leader = trio.leader()
    rest = [one for one in trio.members if one is not leader]
    channels = [api.connect(one.endpoint) for one in rest]
    try:
        put = [api.stub(channel, "KV").Put for channel in channels]
        for one in put:
            one(rpc.PutRequest(key=b"before", value=b"v"), timeout=10)
        leader.kill()
        return first_answer_seconds(put)
    finally:
        for channel in channels:
            channel.close()
        leader.start(wait=False)
        leader.wait_ready(60)


def first_answer_seconds(calls):
    """A put begins every 5 ms, so that none that waits for its deadline delays the answer."""
    began, answered, open_calls = time.monotonic(), [], []

    def ended(future):
        if not future.exception():
            answered.append(time.monotonic())

    for call in itertools.cycle(calls):
        future = call.future(rpc.PutRequest(key=b"after", value=b"v"), timeout=2)
        future.add_done_callback(ended)
        open_calls.append(future)
        time.sleep(0.005)
        if answered:
            break
        assert time.monotonic() < began + 60, "no write within a minute of the leader's death"
    for future in open_calls:
        future.cancel()
        with contextlib.suppress(grpc.RpcError, grpc.FutureCancelledError):
            future.result()
    return min(answered) - began


def catch_up_beside_puts(trio, entries):
    """A follower comes back `entries` behind.

    Returns the seconds from its start until it has applied what the leader had then, and what a
    client of the leader measured: before the follower was taken away, and while it catches up.
    """
    leader, follower = trio.leader(), trio.followers()[0]
    with client.paced_puts(leader.endpoint) as puts:
        time.sleep(IDLE)
        before = puts.finish()["phases"]
    follower.kill()
    client.generate(leader, "load", *rows.MANY, "--keys", entries)
    goal = leader.status().raftAppliedIndex

    def come_back():
        follower.start(wait=False)
        wait_applied(follower, goal, time.monotonic() + 300)

    seconds, result = beside_puts(leader.endpoint, 0.3, come_back)
    follower.wait_ready(60)
    return seconds, {**result, "phases": [before[0], result["phases"][1]]}


def wait_applied(follower, goal, end):
    """Asks seldom and on one channel, so that asking is no load of its own."""
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
