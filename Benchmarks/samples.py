"""What has been measured: every sample, and what is made of them."""
import statistics

OURS, THEIRS = "ours", "etcd"

# Half of the range, as a share of the median, beyond which samples are no measurement.
SPREAD_MAX = 0.5
# Columns that say how the machine was, or count what happened: they may differ from round to round.
CIRCUMSTANCES = (
    "stolen", "idle cores", "puts while", "failed puts", "refused", "leader changes",
    "late heartbeats")


def spread(values):
    """Half of the range as a share of the median; 0 for a single sample."""
    median = statistics.median(values)
    return (max(values) - min(values)) / 2 / median if len(values) > 1 and median else 0


def is_steady(column, values):
    """Whether the samples agree well enough for their median to be a figure."""
    return column.startswith(CIRCUMSTANCES) or spread(values) <= SPREAD_MAX


class Measurements:
    """Samples by row, column and server."""

    def __init__(self, samples=None):
        self.samples = samples or {}
        # Samples by row that did not agree and were taken again, a list for each time.
        self.discarded = {}

    def add(self, row, column, server, value):
        columns = self.samples.setdefault(row, {})
        columns.setdefault(column, {}).setdefault(server, []).append(value)

    def values(self, row, column, server):
        return self.samples.get(row, {}).get(column, {}).get(server, [])

    def median(self, row, column, server):
        """None where nothing was measured."""
        values = self.values(row, column, server)
        return statistics.median(values) if values else None

    def figure(self, row, column, server):
        """The median, None where nothing was measured or the samples do not agree."""
        values = self.values(row, column, server)
        return statistics.median(values) if values and is_steady(column, values) else None

    def is_steady(self, row, column):
        """Whether the samples of each server agree."""
        servers = self.samples.get(row, {}).get(column, {})
        return all(is_steady(column, values) for values in servers.values())

    def ratio(self, row, column):
        """Ours to etcd's, None without a figure of both."""
        ours, theirs = (self.figure(row, column, server) for server in (OURS, THEIRS))
        return ours / theirs if ours is not None and theirs else None

    def discard(self, row):
        """Sets the samples of a row aside; it keeps its place."""
        self.discarded.setdefault(row, []).append(self.samples[row])
        self.samples[row] = {}
