"""What a client notices of the work that a member does beside its requests."""
import functools
import time

import client
import processes  # first: it says where the modules of the tests are
import rows
import targets
from note import note
from systems import alternating, one_member

import api

rpc = api.rpc

# Seconds of puts before an action, so that one hold-up does not decide their p99.
IDLE = 5
# Seconds for the disk to be done with what was before.
SETTLED = 3
# Seconds that each of the actions may take.
LIMIT = 300


def snapshot(server):
    """A client reads the whole database, as `etcdctl snapshot save` does, and throws it away."""
    client.generate(server, "snapshot")


def defragmentation(server):
    with api.connect(server.endpoint) as channel:
        api.stub(channel, "Maintenance").Defragment(rpc.DefragmentRequest(), timeout=LIMIT)


def compaction(server):
    """Answered when the old revisions are gone from the file, not only from the index."""
    with api.connect(server.endpoint) as channel:
        revision = api.stub(channel, "Maintenance").Status(rpc.StatusRequest()).header.revision
        request = rpc.CompactionRequest(revision=revision, physical=True)
        api.stub(channel, "KV").Compact(request, timeout=LIMIT)


# In this order, for each leaves what the next needs: all revisions in a file that is full.
ACTIONS = {
    "snapshot to a client": snapshot,
    "defragmentation": defragmentation,
    "compaction": compaction,
}


def pauses(options, parent, into):
    """Each action on a member with many revisions, and puts at a fixed rate beside it."""
    for number, name in alternating(options):
        with one_member(name, parent, number) as server:
            note(f"round {number + 1}, {name}: {options.keys:,} revisions for the pauses")
            client.generate(
                server, "put", *rows.MANY, "--total", options.keys, "--keys", rows.KEYS)
            for action, perform in ACTIONS.items():
                title = f"pause: {action}, {options.keys:,} revisions"
                note(f"round {number + 1}, {name}: {title}")
                time.sleep(SETTLED)
                seconds, result = beside_puts(
                    server.endpoint, IDLE, functools.partial(perform, server))
                into.add(title, "action s", name, seconds)
                add_phases(title, name, result, into)


def beside_puts(endpoint, idle_seconds, action):
    """Puts at a fixed rate in two phases: before the action, and exactly while it runs."""
    with client.paced_puts(endpoint) as puts:
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
    into.add(title, "put p99 us while", name, during["p99"])
    into.add(title, "put max us while", name, during["max"])
    into.add(title, "stolen ms while", name, result["stolen"] * 1e3)
    into.add(title, "puts while", name, during["requests"])
    into.add(title, "failed puts while", name, during["errors"])
    into.add(title, targets.PAUSE, name, during["p99"] / before["p99"])
