"""This etcd beside the real one, in the same run, as a table.

    python Benchmarks/compare.py [--only WORD] [--rounds N] [--quick] [--no-million]

Both servers are release builds with the same flags and data on the same disk, one at a time, in
alternating order. Writes a table to standard output and everything measured to results/.
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import sys
import tempfile
import time

import incidents
import processes
import rows
from trio import Trio

OURS, THEIRS = "ours", "etcd"
FLAGS = ["--snapshot-count", "100000", "--quota-backend-bytes", str(8 << 30)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="rows whose name has this in it; `load` for a million keys")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="of a measurement (5)")
    parser.add_argument("--quick", action="store_true", help="one short round, 200,000 keys")
    parser.add_argument("--no-million", action="store_true", help="leave out the big load")
    parser.add_argument("--servers", default=f"{THEIRS},{OURS}", help="which, with a comma")
    parser.add_argument("--directory", help="where the data goes; both servers' on one disk")
    return parser.parse_args()


class Measurements:
    """Samples by row, column and server."""

    def __init__(self):
        self.samples = {}

    def add(self, row, column, server, value):
        columns = self.samples.setdefault(row, {})
        columns.setdefault(column, {}).setdefault(server, []).append(value)


def binary(name):
    return processes.our_etcd() if name == OURS else processes.real_etcd()


def start(name, parent, number):
    return processes.Server(binary(name), parent / f"{name}-{number}.etcd", *FLAGS).start()


def start_trio(name, parent, number, *flags):
    return Trio(binary(name), parent / f"{name}-{number}-trio", *FLAGS, *flags).start()


def measure(row, name, server, seconds, parent, into):
    """A short run that is thrown away, then one that counts."""
    row.run(server, max(seconds / 5, 0.5), parent)
    before, switches = server.cpu_seconds(), server.context_switches()
    result = row.run(server, seconds, parent)
    cpu = server.cpu_seconds() - before
    if result["errors"] or not result["requests"]:
        raise AssertionError(f"{name}, {row.name}: {result}")
    requests = result["requests"]
    after = server.context_switches()
    into.add(row.name, "requests/s", name, result["requestsPerSecond"])
    into.add(row.name, "p50 us", name, result["p50"])
    into.add(row.name, "p99 us", name, result["p99"])
    into.add(row.name, "CPU us/request", name, cpu * 1e6 / requests)
    into.add(row.name, "switches/request", name, (sum(after) - sum(switches)) / requests)
    if "clientCPUSeconds" in result:
        client = result["clientCPUSeconds"] * 1e6 / requests
        into.add(row.name, "client CPU us/request", name, client)


def alternating(options):
    """Round by round the servers, in an order that changes."""
    for number in range(options.rounds):
        for name in options.servers if number % 2 == 0 else options.servers[::-1]:
            yield number, name


def small_rounds(chosen, title, start, options, parent, into):
    """Rows on 100,000 keys, for each round on a new directory."""
    for number, name in alternating(options):
        server = start(name, parent, number)
        try:
            rows.generate(server, "load", *rows.MANY, "--keys", str(rows.KEYS))
            for row in chosen:
                note(f"round {number + 1}, {name}: {row.name}")
                measure(row, name, server, options.seconds, parent, into)
            into.add(title, "peak RSS MB", name, server.peak_rss_bytes() / 1e6)
        finally:
            server.close()
            shutil.rmtree(server.directory, ignore_errors=True)


# How far a follower is behind, and the flags that decide how it catches up. 3.5.1 keeps in memory
# what came since its last snapshot, and has no flag for what it keeps beyond.
BEHIND = 100_000
BY_LOG = {
    OURS: ["--snapshot-count", "10000000", "--snapshot-catchup-entries", "200000"],
    THEIRS: ["--snapshot-count", "10000000"]}
BY_SNAPSHOT = {name: ["--snapshot-count", "10000"] for name in (OURS, THEIRS)}


def incident_rounds(options, parent, into):
    """A leader that dies, and followers that come back late."""
    for number, name in alternating(options):
        note(f"round {number + 1}, {name}: incidents")
        with on_trio(name, parent, number) as trio:
            for _ in range(3):
                seconds = incidents.failover_seconds(trio)
                into.add("3 members: leader killed", "failover ms", name, seconds * 1e3)
        for way, flags in (("log", BY_LOG), ("snapshot", BY_SNAPSHOT)):
            title = f"3 members: {BEHIND:,} entries behind, by {way}"
            with on_trio(name, parent, number, *flags[name]) as trio:
                seconds, idle, busy = incidents.catch_up(trio, BEHIND)
            into.add(title, "caught up s", name, seconds)
            into.add(title, "put p99 us before", name, idle)
            into.add(title, "put p99 us while", name, busy)
            into.add(title, "while / before", name, busy / idle)


@contextlib.contextmanager
def on_trio(name, parent, number, *flags):
    trio = start_trio(name, parent, number, *flags)
    try:
        yield trio
    finally:
        trio.close()
        shutil.rmtree(trio.directory, ignore_errors=True)


def big_load(keys, restarts, options, parent, into):
    """Every key put once; memory and disk then, and the time to come back with them."""
    title = f"load of {keys:,} keys"
    for name in options.servers:
        server = start(name, parent, "load")
        try:
            note(f"{name}: {title}")
            before = server.cpu_seconds()
            result = rows.generate(server, "load", *rows.MANY, "--keys", str(keys))
            cpu = server.cpu_seconds() - before
            into.add(title, "requests/s", name, result["requestsPerSecond"])
            into.add(title, "p50 us", name, result["p50"])
            into.add(title, "p99 us", name, result["p99"])
            into.add(title, "CPU us/request", name, cpu * 1e6 / keys)
            into.add(title, "peak RSS MB", name, server.peak_rss_bytes() / 1e6)
            into.add(title, "RSS MB", name, server.rss_bytes() / 1e6)
            time.sleep(1)
            into.add(title, "disk MB", name, server.disk_bytes() / 1e6)
            for _ in range(restarts):
                note(f"{name}: restart")
                into.add(title, "restart s", name, server.restart_seconds())
                time.sleep(1)
                into.add(title, "RSS after restart MB", name, server.rss_bytes() / 1e6)
                into.add(
                    title, "without file pages MB", name, server.anonymous_bytes() / 1e6)
        finally:
            server.close()
            shutil.rmtree(server.directory, ignore_errors=True)


def note(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def shown(values):
    """Median, and the spread of more than one as a share of it."""
    if not values:
        return "-"
    median = statistics.median(values)
    digits = 0 if median >= 1000 else 1 if median >= 10 else 2
    text = f"{median:,.{digits}f}"
    if len(values) > 1 and median:
        text += f" ±{(max(values) - min(values)) / 2 / median:.0%}"
    return text


def table(into):
    """Rows of (what is measured, ours, etcd, ratio)."""
    lines = []
    for row, columns in into.samples.items():
        for column, servers in columns.items():
            ours, theirs = servers.get(OURS, []), servers.get(THEIRS, [])
            ratio = "-"
            if ours and theirs and statistics.median(theirs):
                ratio = f"{statistics.median(ours) / statistics.median(theirs):.2f}"
            lines.append((row, column, shown(ours), shown(theirs), ratio))
    return [("row", "column", "ours", "etcd 3.5.1", "ours / etcd"), *lines]


def print_table(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for number, line in enumerate(lines):
        same = number > 0 and line[0] == lines[number - 1][0]
        cells = [("" if same else line[0]).ljust(widths[0]), line[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(line[2:], widths[2:])]
        print("  ".join(cells).rstrip())


def write_results(into, options):
    directory = processes.ROOT / "results"
    directory.mkdir(exist_ok=True)
    path = directory / f"compare-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps({
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "cores": os.cpu_count(),
        "machine": platform.machine(), "kernel": platform.release(),
        "versions": {
            OURS: processes.versions(processes.our_etcd()) if OURS in options.servers else "",
            THEIRS: processes.versions(processes.real_etcd())},
        "rounds": options.rounds, "seconds": options.seconds, "samples": into.samples}, indent=1))
    return path


def main():
    options = arguments()
    options.servers = options.servers.split(",")
    keys, restarts = 1_000_000, 3
    if options.quick:
        options.rounds, options.seconds, keys, restarts = 1, 2.0, 200_000, 2
    wanted = options.only or ""
    asks_load = wanted in ("load", "restart")
    chosen = [] if asks_load else [row for row in rows.ROWS if wanted in row.name]
    trio = [row for row in rows.TRIO_ROWS if wanted in row.name]
    has_load = not options.no_million and (not wanted or asks_load)
    has_incidents = wanted in "3 members: incidents"
    if not chosen and not trio and not has_load and not has_incidents:
        sys.exit(f"no row has {wanted!r} in its name")
    parent = pathlib.Path(tempfile.mkdtemp(prefix="compare-", dir=options.directory))
    into = Measurements()
    try:
        if chosen:
            small_rounds(chosen, "all rows above", start, options, parent, into)
        if trio:
            small_rounds(
                trio, "3 members: all rows above", start_trio, options, parent, into)
        if has_incidents:
            incident_rounds(options, parent, into)
        if has_load:
            big_load(keys, restarts, options, parent, into)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
        if into.samples:
            path = write_results(into, options)
            print_table(table(into))
            print(f"\nmedian ± half the spread of {options.rounds} rounds; samples: {path.name}")


if __name__ == "__main__":
    main()
