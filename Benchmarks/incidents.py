"""What happens to a cluster of three: its leader is killed, a follower was away for long."""
import contextlib
import itertools
import json
import subprocess
import time

import processes  # first: it says where the modules of the tests are
import rows

import api
import grpc

rpc = api.rpc

# Puts each second of the client that is watched while a follower catches up.
RATE = 300


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


def catch_up(trio, entries):
    """A follower comes back `entries` behind.

    Returns the seconds from its start until it has applied what the leader had then, and the p99 in
    microseconds of puts at the leader, idle before and while the follower catches up.
    """
    before = finished(client(trio, 4))
    follower = trio.followers()[0]
    follower.kill()
    rows.generate(trio, "load", *rows.MANY, "--keys", str(entries))
    goal = trio.leader().status().raftAppliedIndex
    busy = client(trio, 4)
    time.sleep(0.3)
    began = time.monotonic()
    follower.start(wait=False)
    wait_applied(follower, goal, began + 300)
    seconds = time.monotonic() - began
    during = finished(busy)
    follower.wait_ready(60)
    return seconds, before["p99"], during["p99"]


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


def client(trio, seconds):
    """A client of the leader at a rate far below what it can take, running beside."""
    return subprocess.Popen(
        [processes.load_generator(), "put", "--endpoint", trio.endpoint, "--connections", "8",
         "--streams", "8", "--rate", str(RATE), "--seconds", str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process):
    out, errors = process.communicate(timeout=120)
    if process.returncode != 0:
        raise AssertionError(f"the client beside: {out}{errors}")
    return json.loads(out)
