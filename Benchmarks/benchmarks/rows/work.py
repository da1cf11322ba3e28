"""Rows with requests at saturation, and at half of etcd's rate."""
import dataclasses
import functools
import statistics
import time

from benchmarks.measurements import client, processes
from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.samples import THEIRS
from benchmarks.measurements.certificates import P256, RSA
from benchmarks.measurements.systems import (
    alternating, encrypted, one_member, three_encrypted, three_members, with_users)
from benchmarks.rows import targets, workloads
from benchmarks.rows.section import Section

# Requests at a fixed rate for a valid p99, in which a single pause of the machine does not
# dominate, and the maximum duration.
REQUESTS_MIN, SECONDS_MAX = 5_000, 15
STOLEN = "stolen ms at half rate"


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows that share a server in each round."""

    # The row of the peak RSS after all rows; None for no such row.
    title: str | None
    rows: list
    system: object = one_member
    # Value size of the initial keys; 0 for no keys.
    value_bytes: int = workloads.VALUE_BYTES
    # Number of the initial keys.
    keys: int = workloads.KEYS

    def selected(self, word):
        """The group with only the rows that have `word` in their name, or None."""
        kept = [row for row in self.rows if workloads.is_selected(word, row.name)]
        return dataclasses.replace(self, rows=kept) if kept else None

    def narrowed(self, names):
        """The group with only these rows; without the peak RSS row unless it is one of them."""
        return dataclasses.replace(
            self, rows=[row for row in self.rows if row.name in names],
            title=self.title if self.title in names else None)

    def section(self):
        return Section(
            functools.partial(measure_group, self), lambda names: self.narrowed(names).section())


GROUPS = [
    Group("all rows above", workloads.ROWS),
    Group("lease rows above", workloads.LEASE_ROWS, value_bytes=0),
    Group(None, workloads.LIBRARY_ROWS),
    # On a server of its own, since it has a target for the peak RSS.
    Group(
        workloads.WHOLE_ROWS[0].name, workloads.WHOLE_ROWS,
        value_bytes=workloads.WHOLE_VALUE_BYTES),
    Group(workloads.EVENT_ROWS[0].name, workloads.EVENT_ROWS),
    Group(
        workloads.STREAM_ROWS[0].name, workloads.STREAM_ROWS, keys=workloads.LARGE_KEYS,
        value_bytes=workloads.LARGE_VALUE_BYTES),
    Group(workloads.NODE_ROWS[0].name, workloads.NODE_ROWS, keys=workloads.NODES, value_bytes=600),
    Group(None, workloads.OBJECT_ROWS, value_bytes=700),
    Group("3 members: all rows above", workloads.TRIO_ROWS, system=three_members),
    Group(None, workloads.TRIO_LEASE_ROWS, system=three_members, value_bytes=0),
    Group(None, workloads.TLS_ROWS, system=encrypted(P256)),
    Group(None, workloads.TLS_RSA_ROWS, system=encrypted(RSA)),
    Group(
        None, workloads.TLS_WHOLE_ROWS, system=encrypted(P256),
        value_bytes=workloads.WHOLE_VALUE_BYTES),
    Group(None, workloads.TLS_TRIO_ROWS, system=three_encrypted(P256)),
    Group(None, workloads.USER_ROWS, system=with_users()),
    Group(None, workloads.JWT_ROWS, system=with_users(signs=True)),
]


def measure_group(group, options, parent, into):
    """The rows on 100,000 keys, with a new directory in each round."""
    for number, name in alternating(options):
        with group.system(name, parent, number) as server:
            if group.value_bytes:
                client.generate(
                    server, "load", *workloads.MANY, "--keys", group.keys,
                    "--value-size", group.value_bytes)
            for row in group.rows:
                report_progress(f"round {number + 1}, {name}: {row.name}")
                if not row.is_served(server):
                    continue
                row.prepare(server)
                measure(row, name, server, options.seconds, parent, into)
                if targets.has_half_rate(row.name):
                    measure_half(row, name, number, server, options.seconds, parent, into)
            if group.title and any(row.is_served(server) for row in group.rows):
                into.add(group.title, targets.PEAK, name, server.peak_rss_bytes() / 1e6)


def measure(row, name, server, seconds, parent, into):
    """A short warm-up, then the measurement in a closed loop; returns its result."""
    row.run(server, max(seconds / 5, 0.5), parent)
    switches = sum(server.context_switches())
    idle, before, began = processes.idle_seconds(), server.cpu_seconds(), time.monotonic()
    result = checked(row.run(server, seconds, parent), name, row)
    cpu = server.cpu_seconds() - before
    idle_cores = (processes.idle_seconds() - idle) / (time.monotonic() - began)
    requests, took, client_cpu = (
        result[field] for field in ("requests", "seconds", "clientCPUSeconds"))
    switched = sum(server.context_switches()) - switches
    for column, value in (
            (targets.THROUGHPUT, result["requestsPerSecond"]),
            ("p50 us", result["p50"]), ("p99 us", result["p99"]),
            (targets.CPU, cpu * 1e6 / requests),
            ("switches/request", switched / requests),
            ("client CPU us/request", client_cpu * 1e6 / requests),
            ("server cores", cpu / took), ("client cores", client_cpu / took),
            ("idle cores", idle_cores)):
        into.add(row.name, column, name, value)
    if isinstance(row, workloads.ClientRow):
        into.add(row.name, "client allocations/request", name, row.client_allocations(server))
    beside = into.values(row.beside, targets.CPU, name) if row.beside else []
    if beside:
        into.add(row.name, targets.BESIDE, name, cpu * 1e6 / requests / statistics.median(beside))
    return result


def measure_half(row, name, number, server, seconds, parent, into):
    """An open loop at half of etcd's rate at saturation; the same rate for both servers.

    The rate is from the earlier rounds; in the first round, in which etcd is first, from that one.
    """
    saturated = into.values(row.name, targets.THROUGHPUT, THEIRS)[:max(number, 1)]
    if not saturated:
        return
    rate = statistics.median(saturated) / 2
    seconds = max(seconds, min(REQUESTS_MIN / rate, SECONDS_MAX) / row.share)
    stolen = processes.stolen_seconds()
    result = checked(row.run(server, seconds, parent, rate=rate), name, row)
    into.add(row.name, STOLEN, name, (processes.stolen_seconds() - stolen) * 1e3)
    into.add(row.name, "half rate, requests/s", name, result["requestsPerSecond"])
    into.add(row.name, "p50 us at half rate", name, result["p50"])
    into.add(row.name, targets.HALF, name, result["p99"])


def checked(result, name, row):
    if result["errors"] or not result["requests"]:
        raise AssertionError(f"{name}, {row.name}: {result}")
    return result
