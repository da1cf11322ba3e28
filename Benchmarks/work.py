"""The rows that are work: requests at saturation, and at half of etcd's rate."""
import dataclasses
import functools
import statistics
import time

import client
import processes
import rows
import targets
from note import note
from repeats import Section
from samples import THEIRS
from systems import alternating, one_member, three_members

# Requests below which a percentile at a fixed rate is decided by a single hold-up of the machine,
# and how many seconds are waited for them at most.
ENOUGH, LONGEST = 5_000, 15
STOLEN = "stolen ms at half rate"


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows that share a server for each round."""

    # The row that the peak of memory after all of them stands in; None for nowhere.
    title: str | None
    rows: list
    system: object = one_member
    # Bytes of the values that the keys begin with; 0 for no keys.
    value_bytes: int = rows.VALUE_BYTES

    def chosen(self, word):
        """The group with only the rows that have `word` in their name."""
        kept = [row for row in self.rows if rows.is_asked_for(word, row.name)]
        return dataclasses.replace(self, rows=kept) if kept else None

    def narrowed(self, names):
        """The group with only these rows; a peak of memory after fewer rows is another figure."""
        return dataclasses.replace(
            self, rows=[row for row in self.rows if row.name in names],
            title=self.title if self.title in names else None)

    def section(self):
        return Section(
            functools.partial(measure_group, self), lambda names: self.narrowed(names).section())


GROUPS = [
    Group("all rows above", rows.ROWS),
    Group("lease rows above", rows.LEASE_ROWS, value_bytes=0),
    # Alone on its server, so that the peak of memory is its own.
    Group(rows.WHOLE_ROWS[0].name, rows.WHOLE_ROWS, value_bytes=rows.WHOLE_VALUE_BYTES),
    Group("3 members: all rows above", rows.TRIO_ROWS, system=three_members),
]


def measure_group(group, options, parent, into):
    """The rows on 100,000 keys, for each round on a new directory."""
    for number, name in alternating(options):
        with group.system(name, parent, number) as server:
            if group.value_bytes:
                client.generate(
                    server, "load", *rows.MANY, "--keys", rows.KEYS,
                    "--value-size", group.value_bytes)
            for row in group.rows:
                note(f"round {number + 1}, {name}: {row.name}")
                row.prepare(server)
                measure(row, name, server, options.seconds, parent, into)
                if targets.has_half_rate(row.name):
                    measure_half(row, name, number, server, options.seconds, parent, into)
            if group.title:
                into.add(group.title, targets.PEAK, name, server.peak_rss_bytes() / 1e6)


def measure(row, name, server, seconds, parent, into):
    """A short run that is thrown away, then one in a closed loop that counts; its result."""
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
    return result


def measure_half(row, name, number, server, seconds, parent, into):
    """An open loop at half of the rate at which etcd was saturated; the same for both servers.

    The rate comes from the rounds before; in the first, in which etcd is first, from that one.
    """
    saturated = into.values(row.name, targets.THROUGHPUT, THEIRS)[:max(number, 1)]
    if not saturated:
        return
    rate = statistics.median(saturated) / 2
    seconds = max(seconds, min(ENOUGH / rate, LONGEST) / row.share)
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
