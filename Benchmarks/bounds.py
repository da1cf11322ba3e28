"""What held a row back: the load generator, the processors, or waiting."""
import os

import targets
from samples import OURS, THEIRS

# Share of what there is at which it counts as used up.
FULL = 0.9


def of_row(into, row, name):
    """The word for one server's row, None for a row without a client.

    "client" when the one event loop of the load generator was busy all the time. When it was not,
    and the machine's processors were: "server", or "others" when programs that are not of the
    benchmark had more of them than server and client together. Else "latency": requests waited
    for the disk, for each other or for a wake-up, not for a processor.
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
