"""Axes along which the cost of a request is measured: keys, connections, watchers and so on."""
from benchmarks.measurements import client
from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.systems import members, one_member
from benchmarks.rows import targets, work, workloads

# Requests at each point of an axis.
KINDS = ("put", "range")
# The error of a server with too many unapplied proposals.
TOO_MANY = "etcdserver: too many requests"
# Idle watchers watch keys that are never put: these have a different length.
WATCHED_KEY_BYTES = workloads.KEY_BYTES + 1


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
                row = workloads.Row(f"{kind}, {keys:,} keys", kind, *workloads.MANY, "--keys", keys)
                measure(row, name, server, options, into)


def by_connections(name, parent, options, into):
    with one_member(name, parent, "connections") as server:
        load(server, workloads.KEYS)
        for connections in powers(1, min(options.most, 10_000)):
            for kind in KINDS:
                row = workloads.Row(
                    f"{kind}, {connections:,} connections", kind, "--connections", connections)
                measure(row, name, server, options, into)


def by_watchers(name, parent, options, into):
    for watchers in powers(1, min(options.most, 1_000_000)):
        with one_member(name, parent, "watchers") as server:
            load(server, workloads.KEYS)
            with client.idle_clients(
                    server.endpoint, min(watchers, 100), watchers,
                    "--key-size", WATCHED_KEY_BYTES) as idle:
                for kind in KINDS:
                    row = workloads.Row(
                        f"{kind}, {watchers:,} watchers of other keys", kind, *workloads.MANY)
                    measure(row, name, server, options, into)
                idle.finish()


def by_members(name, parent, options, into):
    for count in (1, 3, 5, 7):
        with members(name, parent, f"of-{count}", count) as cluster:
            load(cluster, workloads.KEYS)
            for kind in KINDS:
                row = workloads.Row(f"{kind}, {count} members", kind, *workloads.MANY)
                measure(row, name, cluster, options, into)


def by_clients(name, parent, options, into):
    """Beyond saturation: an increasing number of clients of three members."""
    with members(name, parent, "clients", 3) as cluster:
        load(cluster, workloads.KEYS)
        for clients in (1_000, 2_000, 4_000, 8_000, 16_000):
            for kind in KINDS:
                row = workloads.Row(
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
    client.generate(server, "load", *workloads.MANY, "--keys", keys)


def measure(row, name, server, options, into):
    report_progress(f"{name}: {row.name}")
    try:
        result = work.measure(row, name, server, options.seconds, options.directory, into)
    except AssertionError as failure:
        if TOO_MANY not in str(failure):
            raise
        # An overloaded server may reject requests: then there is no measurement.
        into.add(row.name, "refused", name, 1)
        return
    into.add(row.name, "max us", name, result["max"])
    into.add(row.name, targets.RSS, name, server.rss_bytes() / 1e6)


def lateness(cluster):
    """Metrics that show that load has delayed heartbeats of the leader."""
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
