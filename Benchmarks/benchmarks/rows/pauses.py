"""Rows of the latency of puts while something else goes on: maintenance, large deletes, ranges."""
import dataclasses
import functools
import time
import typing

import grpc

from benchmarks.measurements import client, processes
from benchmarks.measurements.systems import one_member, three_members, three_with
from benchmarks.rows import operations, targets, work, workloads
from benchmarks.rows.incidents import CATCH_UP_FLAGS, LAG_ENTRIES
from benchmarks.rows.quiet import STOLEN, Group

# Seconds of puts before an action, so that a single pause does not dominate their p99; and during
# an action at least, since the database's file is often written after the response.
IDLE_SECONDS, ACTION_SECONDS_MIN = 3, 1
# The rate of the puts as a share of that at saturation.
SHARE = 0.25


@dataclasses.dataclass(frozen=True)
class Pause:
    """Puts at a fixed rate, before an action and during it."""

    name: str
    # prepare(server, keys) returns the steps of the action, of which the last one is measured.
    prepare: typing.Callable

    def measure(self, server_name, server, options, parent, into):
        steps = self.prepare(server, options.keys)
        rate = SHARE * saturated_rate(server, options.seconds)
        time.sleep(operations.SETTLE_SECONDS)
        with client.fixed_rate_puts(server.endpoint, rate, *workloads.MANY) as puts:
            idle = timed(lambda: time.sleep(IDLE_SECONDS))
            for step in steps:
                puts.next_phase()
                action = timed(step)
            phases = puts.finish()["phases"]
        before, during = phases[0], phases[-1]
        if before["errors"] or not during["requests"]:
            raise AssertionError(f"{server_name}, {self.name}: {phases}")
        for column, value in (
                ("puts/s", rate),
                ("put p99 us before", before["p99"]), ("put p99 us during", during["p99"]),
                ("put max us during", during["max"]),
                (targets.MORE, during["p99"] - before["p99"]),
                (targets.PAUSE, during["p99"] / before["p99"]),
                ("puts during", during["requests"]), ("failed puts during", during["errors"]),
                ("action s", action.seconds), ("failed actions", int(action.has_failed)),
                (STOLEN, idle.stolen_ms + action.stolen_ms)):
            into.add(self.name, column, server_name, value)


@dataclasses.dataclass(frozen=True)
class LonePut:
    """Puts of one client, each after the response to the last."""

    name: str

    def measure(self, server_name, server, options, parent, into):
        stolen = processes.stolen_seconds()
        row = workloads.Row(self.name, "put", seconds=2.0)
        work.measure(row, server_name, server, options.seconds, parent, into)
        into.add(self.name, STOLEN, server_name, milliseconds_since(stolen))


def groups(keys):
    """The rows, by the server that they share in a round."""
    revisions = f"{keys:,} revisions"
    by_log, by_snapshot = (
        Pause(f"3 members: catch-up, {LAG_ENTRIES:,} entries behind, by {method}{rest}",
              functools.partial(operations.catch_up, method))
        for method, rest in (("log", ""), ("snapshot", f" of {revisions}")))
    return [
        Group(one_member, operations.put_revisions, [
            # In this order: the first two keep all revisions, which the compaction needs.
            Pause(f"pause: snapshot to a client, {revisions}", operations.snapshot),
            Pause(f"pause: defragmentation, {revisions}", operations.defragmentation),
            Pause(f"pause: compaction, {revisions}", operations.compaction)]),
        Group(one_member, operations.put_keys, [
            Pause(f"pause: ranges of all {workloads.KEYS:,} keys by one client", operations.ranges),
            Pause(f"pause: DeleteRange of {keys:,} keys", operations.delete_range),
            Pause(f"pause: revoke of a lease with {keys:,} keys", operations.revoke),
            Pause(f"pause: end of {keys // 10:,} of {keys:,} leases", operations.expiry)]),
        Group(three_with(*CATCH_UP_FLAGS["log"]), operations.put_keys, [by_log]),
        Group(three_with(*CATCH_UP_FLAGS["snapshot"]), operations.put_records, [by_snapshot]),
        Group(one_member, operations.put_keys, [LonePut("lone put, 1 member")]),
        Group(three_members, operations.put_keys, [LonePut("lone put, 3 members")]),
    ]


def saturated_rate(server, seconds):
    result = client.generate(server, "put", *workloads.MANY, "--seconds", seconds)
    return result["requestsPerSecond"]


@dataclasses.dataclass(frozen=True)
class Timed:
    """A step: its seconds, the milliseconds stolen meanwhile, and whether its call failed."""

    seconds: float
    stolen_ms: int
    has_failed: bool


def timed(step):
    """Performs a step. etcd gives up on a call after 7 seconds, and goes on with its work."""
    began, stolen, has_failed = time.monotonic(), processes.stolen_seconds(), False
    try:
        step()
    except grpc.RpcError:
        has_failed = True
    seconds = time.monotonic() - began
    time.sleep(max(ACTION_SECONDS_MIN - seconds, 0))
    return Timed(seconds, milliseconds_since(stolen), has_failed)


def milliseconds_since(stolen):
    """Milliseconds stolen since `stolen`, a whole number of ticks."""
    return round((processes.stolen_seconds() - stolen) * 1e3)
