"""Rows of the latency of puts during maintenance operations of a member."""
import functools
import time

from acceptance import api
from benchmarks.measurements import client, processes
from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.systems import alternating, one_member
from benchmarks.rows import targets, workloads

rpc = api.rpc

# Seconds of puts before an action, so that a single pause does not dominate their p99.
IDLE_SECONDS = 5
# Seconds for the disk to complete earlier writes.
SETTLE_SECONDS = 3
# Timeout of an action.
TIMEOUT_SECONDS = 300


def snapshot(server):
    """A client reads the whole database, as `etcdctl snapshot save` does."""
    client.generate(server, "snapshot")


def defragmentation(server):
    with api.connect(server.endpoint) as channel:
        defragment = api.stub(channel, "Maintenance").Defragment
        defragment(rpc.DefragmentRequest(), timeout=TIMEOUT_SECONDS)


def compaction(server):
    """A physical compaction: old revisions are deleted from the file, not only the index."""
    with api.connect(server.endpoint) as channel:
        revision = api.stub(channel, "Maintenance").Status(rpc.StatusRequest()).header.revision
        request = rpc.CompactionRequest(revision=revision, physical=True)
        api.stub(channel, "KV").Compact(request, timeout=TIMEOUT_SECONDS)


# In this order: the first two keep all revisions, which the compaction needs.
ACTIONS = {
    "snapshot to a client": snapshot,
    "defragmentation": defragmentation,
    "compaction": compaction,
}


def pauses(options, parent, into):
    """Each action on a member with many revisions, during puts at a fixed rate."""
    for number, name in alternating(options):
        with one_member(name, parent, number) as server:
            report_progress(
                f"round {number + 1}, {name}: {options.keys:,} revisions for the pauses")
            client.generate(
                server, "put", *workloads.MANY, "--total", options.keys, "--keys", workloads.KEYS)
            for action, perform in ACTIONS.items():
                title = f"pause: {action}, {options.keys:,} revisions"
                report_progress(f"round {number + 1}, {name}: {title}")
                time.sleep(SETTLE_SECONDS)
                seconds, result = during_puts(
                    server.endpoint, IDLE_SECONDS, functools.partial(perform, server))
                into.add(title, "action s", name, seconds)
                add_phases(title, name, result, into)


def during_puts(endpoint, idle_seconds, action):
    """Puts at a fixed rate in two phases: before the action and during the action."""
    with client.fixed_rate_puts(endpoint) as puts:
        time.sleep(idle_seconds)
        puts.next_phase()
        began, stolen = time.monotonic(), processes.stolen_seconds()
        action()
        seconds, stolen = time.monotonic() - began, processes.stolen_seconds() - stolen
        return seconds, {**puts.finish(), "stolen": stolen}


def add_phases(title, name, result, into):
    before, during = result["phases"]
    if before["errors"] or not during["requests"]:
        raise AssertionError(f"{name}, {title}: {result}")
    into.add(title, "put p99 us before", name, before["p99"])
    into.add(title, "put p99 us during", name, during["p99"])
    into.add(title, "put max us during", name, during["max"])
    into.add(title, "stolen ms during", name, result["stolen"] * 1e3)
    into.add(title, "puts during", name, during["requests"])
    into.add(title, "failed puts during", name, during["errors"])
    into.add(title, targets.PAUSE, name, during["p99"] / before["p99"])
