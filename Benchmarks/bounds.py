"""What held a row back: the load generator, the processors, or waiting."""
import os

import targets
from samples import OURS, THEIRS

# Share of what there is at which it counts as used up.
FULL = 0.9


def of_row(into, row, name):
    """The word for one server's row, None for a row without a client.

    "client" when the one event loop of the load generator was busy all the time; "server" when
    the client was not, and both together used up the machine's processors; else "latency":
    requests waited for the disk, for each other or for a wake-up, not for a processor.
    """
    client = into.median(row, "client cores", name)
    server = into.median(row, "server cores", name)
    if client is None or server is None:
        return None
    if client >= FULL:
        return "client"
    return "server" if client + server >= FULL * os.cpu_count() else "latency"


def of_all(into, names):
    """The words by row and server."""
    found = {}
    for row in into.samples:
        words = {name: of_row(into, row, name) for name in names}
        if any(words.values()):
            found[row] = words
    return found


def against_h2load(into):
    """Requests/s of our load generator to those of h2load, by row and server.

    Well below one, the load generator is what was measured.
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
