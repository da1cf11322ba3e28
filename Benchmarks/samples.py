"""What has been measured: every sample, and what is made of them."""
import statistics

OURS, THEIRS = "ours", "etcd"


class Measurements:
    """Samples by row, column and server."""

    def __init__(self, samples=None):
        self.samples = samples or {}

    def add(self, row, column, server, value):
        columns = self.samples.setdefault(row, {})
        columns.setdefault(column, {}).setdefault(server, []).append(value)

    def values(self, row, column, server):
        return self.samples.get(row, {}).get(column, {}).get(server, [])

    def median(self, row, column, server):
        """None where nothing was measured."""
        values = self.values(row, column, server)
        return statistics.median(values) if values else None

    def ratio(self, row, column):
        """Ours to etcd's, None without both."""
        ours, theirs = (self.median(row, column, server) for server in (OURS, THEIRS))
        return ours / theirs if ours is not None and theirs else None
