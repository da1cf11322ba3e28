"""Samples and their statistics."""
import statistics

OURS, THEIRS = "ours", "etcd"

# Largest spread (half of the range as a share of the median) of a valid measurement.
SPREAD_MAX = 0.5
# From this number of samples on, the spread is that of the middle half.
MANY_SAMPLES = 20
# Columns about the machine, with counts of events, or with differences that may be zero: these may
# vary between rounds.
VARYING_COLUMNS = (
    "stolen", "idle cores", "puts during", "failed", "refused", "leader changes",
    "late heartbeats", "p99 us more")


def spread(values):
    """Half of the range as a share of the median; 0 for fewer than two samples.

    Of many samples it is the range of the middle half: that of all grows with their number.
    """
    if len(values) < 2:
        return 0
    outer = len(values) // 4 if len(values) >= MANY_SAMPLES else 0
    middle, median = sorted(values)[outer:len(values) - outer], statistics.median(values)
    return (middle[-1] - middle[0]) / 2 / median if median else 0


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

    def add_round(self, one, is_valid):
        """Adds the samples of a round; those of an invalid round are discarded."""
        for row, columns in one.samples.items():
            for column, servers in columns.items():
                for server, values in servers.items():
                    kept = self.samples.setdefault(row, {}).setdefault(column, {})
                    kept.setdefault(server, []).extend(values if is_valid else [])
            if not is_valid:
                self.discarded.setdefault(row, []).append(columns)

    def discard(self, row):
        """Discards the samples of a row; the order of rows is kept."""
        self.discarded.setdefault(row, []).append(self.samples[row])
        self.samples[row] = {}
