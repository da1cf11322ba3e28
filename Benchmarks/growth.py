"""How the cost of a request grows: with keys, connections, watchers, members, waiting clients.

    python Benchmarks/growth.py [--only WORD] [--servers ours] [--most N] [--seconds N]

One round over one axis after the other, everything else as in the table of compare.py. Writes a
table to standard output, and everything measured to results/.
"""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile

import client
import results
import rows
import table
import targets
import work
from note import note
from samples import OURS, THEIRS, Measurements
from systems import members, one_member

# What is sent at each point of an axis.
KINDS = ("put", "range")
# What a server answers that has more to apply than it allows.
TOO_MANY = "etcdserver: too many requests"
# Watchers that are only there look at keys that nobody puts: theirs have another length.
WATCHED_KEY_BYTES = rows.KEY_BYTES + 1


def powers(first, last):
    """1, 10, 100, ... from `first` to `last`."""
    value = first
    while value <= last:
        yield value
        value *= 10


def by_keys(name, parent, options, into):
    for keys in powers(1_000, min(options.most, 10_000_000)):
        with one_member(name, parent, "keys") as server:
            load(server, keys)
            for kind in KINDS:
                row = rows.Row(f"{kind}, {keys:,} keys", kind, *rows.MANY, "--keys", keys)
                measure(row, name, server, options, into)


def by_connections(name, parent, options, into):
    with one_member(name, parent, "connections") as server:
        load(server, rows.KEYS)
        for connections in powers(1, min(options.most, 10_000)):
            for kind in KINDS:
                row = rows.Row(
                    f"{kind}, {connections:,} connections", kind, "--connections", connections)
                measure(row, name, server, options, into)


def by_watchers(name, parent, options, into):
    for watchers in powers(1, min(options.most, 1_000_000)):
        with one_member(name, parent, "watchers") as server:
            load(server, rows.KEYS)
            with client.held(
                    server.endpoint, min(watchers, 100), watchers,
                    "--key-size", WATCHED_KEY_BYTES) as idle:
                for kind in KINDS:
                    row = rows.Row(f"{kind}, {watchers:,} watchers of other keys", kind, *rows.MANY)
                    measure(row, name, server, options, into)
                idle.finish()


def by_members(name, parent, options, into):
    for count in (1, 3, 5, 7):
        with members(name, parent, f"of-{count}", count) as cluster:
            load(cluster, rows.KEYS)
            for kind in KINDS:
                row = rows.Row(f"{kind}, {count} members", kind, *rows.MANY)
                measure(row, name, cluster, options, into)


def by_clients(name, parent, options, into):
    """Past saturation: more and more clients wait, of three members."""
    with members(name, parent, "clients", 3) as cluster:
        load(cluster, rows.KEYS)
        for clients in (1_000, 2_000, 4_000, 8_000, 16_000):
            for kind in KINDS:
                row = rows.Row(
                    f"{kind}, {clients:,} clients of 3 members", kind, "--connections", 100,
                    "--streams", clients // 100)
                before = lateness(cluster)
                measure(row, name, cluster, options, into)
                for column, value in lateness(cluster).items():
                    into.add(row.name, column, name, value - before[column])


AXES = {
    "keys": by_keys, "connections": by_connections, "watchers": by_watchers,
    "members": by_members, "clients": by_clients,
}


def load(server, keys):
    client.generate(server, "load", *rows.MANY, "--keys", keys)


def measure(row, name, server, options, into):
    note(f"{name}: {row.name}")
    try:
        result = work.measure(row, name, server, options.seconds, options.directory, into)
    except AssertionError as failure:
        if TOO_MANY not in str(failure):
            raise
        # A server that cannot keep up may say so; then there is nothing to measure.
        into.add(row.name, "refused", name, 1)
        return
    into.add(row.name, "max us", name, result["max"])
    into.add(row.name, targets.RSS, name, server.rss_bytes() / 1e6)


def lateness(cluster):
    """What a leader that load has kept from its heartbeats would leave in the metrics."""
    found = {"leader changes": 0, "late heartbeats": 0}
    for one in cluster.members:
        body = one.get("/metrics")[1]
        found["leader changes"] += metric(body, "etcd_server_leader_changes_seen_total")
        found["late heartbeats"] += metric(body, "etcd_server_heartbeat_send_failures_total")
    return found


def metric(body, name):
    for line in body.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help=f"an axis: {', '.join(AXES)}")
    parser.add_argument("--seconds", type=float, default=3, help="of a measurement (3)")
    parser.add_argument("--most", type=int, default=10_000_000, help="where each axis ends")
    parser.add_argument("--servers", default=f"{THEIRS},{OURS}", help="which, with a comma")
    options = parser.parse_args()
    options.servers, options.rounds = options.servers.split(","), 1
    return options


def main():
    options = arguments()
    axes = {word: axis for word, axis in AXES.items() if options.only in word}
    if not axes:
        sys.exit(f"the axes are: {', '.join(AXES)}")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parent = pathlib.Path(tempfile.mkdtemp(prefix="growth-"))
    options.directory = parent
    into = Measurements()
    try:
        for axis in axes.values():
            for name in options.servers:
                axis(name, parent, options, into)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
        if into.samples:
            table.print_table(table.lines(into))
            print(f"all samples: {results.write(into, options, 'growth').name}")


if __name__ == "__main__":
    main()
