"""The bottleneck of a row: the load generator, the processors, or latency."""
import os

from benchmarks.measurements.samples import OURS, THEIRS
from benchmarks.rows import targets

# Utilization from which a resource is the bottleneck.
FULL = 0.9


def of_row(into, row, name):
    """The bottleneck of one server's row, or None for a row without a client.

    "client": the only event loop of the load generator was saturated. Otherwise, with all
    processors busy: "server", or "others" if programs outside of the benchmark used more than
    server and client together. Else "latency": requests waited for the disk, for each other or
    for a wake-up, not for a processor.
    """
    columns = [f"{one} cores" for one in ("client", "server", "idle")]
    client, server, idle = (into.median(row, column, name) for column in columns)
    if client is None or server is None or idle is None:
        return None
    if client >= FULL:
        return "client"
    if idle > (1 - FULL) * os.cpu_count():
        return "latency"
    return "server" if client + server >= os.cpu_count() / 2 else "others"


def of_all(into, names):
    """The bottlenecks by row and server."""
    found = {}
    for row in into.samples:
        bottlenecks = {name: of_row(into, row, name) for name in names}
        if any(bottlenecks.values()):
            found[row] = bottlenecks
    return found


def against_h2load(into):
    """Requests/s of our load generator relative to h2load, by row and server.

    Well below one, the load generator was the bottleneck.
    """
    found = {}
    for other in into.samples:
        row = other.removesuffix(", h2load")
        if row == other:
            continue
        ratios = {}
        for name in (OURS, THEIRS):
            rates = [into.median(one, targets.THROUGHPUT, name) for one in (row, other)]
            if all(rates):
                ratios[name] = rates[0] / rates[1]
        if ratios:
            found[row] = ratios
    return found
