"""Rounds that count only if the machine's host left it its processors."""
import dataclasses
import typing

from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.samples import Measurements
from benchmarks.measurements.systems import alternating
from benchmarks.rows.workloads import is_selected

STOLEN = "stolen ms"
# Rounds with this steal time or more are discarded.
STOLEN_MS_MAX = 20
# Rounds at most, as a multiple of the quiet ones that are wanted.
ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows that share a server in each round: they have a `name` and `measure`."""

    system: typing.Callable
    # load(server, keys) puts the initial keys.
    load: typing.Callable
    rows: list

    def selected(self, word):
        """The group with only the rows that have `word` in their name, or None."""
        kept = [row for row in self.rows if is_selected(word, row.name)]
        return dataclasses.replace(self, rows=kept) if kept else None

    def measure(self, options, parent, into):
        """Measures each row until it has enough quiet rounds, with a new directory each time."""
        for number, name in alternating(options, ATTEMPTS):
            rows = [row for row in self.rows
                    if len(into.values(row.name, STOLEN, name)) < options.rounds]
            if rows:
                self.measure_round(rows, name, number, options, parent, into)

    def measure_round(self, rows, name, number, options, parent, into):
        with self.system(name, parent, number) as server:
            report_progress(f"round {number + 1}, {name}: initial keys")
            self.load(server, options.keys)
            for row in rows:
                report_progress(f"round {number + 1}, {name}: {row.name}")
                one = Measurements()
                row.measure(name, server, options, parent, one)
                into.add_round(one, one.median(row.name, STOLEN, name) < STOLEN_MS_MAX)
