"""Samples and their statistics."""
import statistics

OURS, THEIRS = "ours", "etcd"

# Largest spread (half of the range as a share of the median) of a valid measurement.
SPREAD_MAX = 0.5
# Columns about the machine, or with counts of events: these may vary between rounds.
VARYING_COLUMNS = (
    "stolen", "idle cores", "puts during", "failed puts", "refused", "leader changes",
    "late heartbeats")


def spread(values):
    """Half of the range as a share of the median; 0 for a single sample."""
    median = statistics.median(values)
    return (max(values) - min(values)) / 2 / median if len(values) > 1 and median else 0


def is_steady(column, values):
    """Whether the spread of the samples is small enough for a measurement."""
    return column.startswith(VARYING_COLUMNS) or spread(values) <= SPREAD_MAX


class Measurements:
    """Samples by row, column and server."""

    def __init__(self, samples=None):
        self.samples = samples or {}
        # Discarded samples by row, a list for each repetition.
        self.discarded = {}

    def add(self, row, column, server, value):
        columns = self.samples.setdefault(row, {})
        columns.setdefault(column, {}).setdefault(server, []).append(value)

    def values(self, row, column, server):
        return self.samples.get(row, {}).get(column, {}).get(server, [])

    def median(self, row, column, server):
        """The median, or None without samples."""
        values = self.values(row, column, server)
        return statistics.median(values) if values else None

    def measurement(self, row, column, server):
        """The median, or None without samples or if they are not steady."""
        values = self.values(row, column, server)
        return statistics.median(values) if values and is_steady(column, values) else None

    def is_steady(self, row, column):
        """Whether the samples of each server are steady."""
        servers = self.samples.get(row, {}).get(column, {})
        return all(is_steady(column, values) for values in servers.values())

    def ratio(self, row, column):
        """Ours to etcd's, or None without a measurement of both."""
        ours, theirs = (self.measurement(row, column, server) for server in (OURS, THEIRS))
        return ours / theirs if ours is not None and theirs else None

    def discard(self, row):
        """Discards the samples of a row; the order of rows is kept."""
        self.discarded.setdefault(row, []).append(self.samples[row])
        self.samples[row] = {}
