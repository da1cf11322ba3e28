"""Sections of the benchmark, which are repeated while their samples are not steady."""
import dataclasses
import typing

from benchmarks.measurements.progress import report_progress
from benchmarks.rows import targets


@dataclasses.dataclass(frozen=True)
class Section:
    """Rows that are measured together: `measure(options, parent, into)`."""

    measure: typing.Callable
    # narrow(names) returns the section with only these rows; None if rows depend on each other.
    narrow: typing.Callable = None

    def measure_steadily(self, options, parent, into):
        """Measures, and repeats unsteady rows up to `options.repeats` times."""
        others = set(into.samples)
        self.measure(options, parent, into)
        own = [row for row in into.samples if row not in others]
        for _ in range(options.repeats):
            rows = [row for row in own if unsteady(into, row)]
            if not rows:
                return
            for row in rows:
                columns = ", ".join(unsteady(into, row))
                report_progress(f"again, the samples are not steady: {row} ({columns})")
            again = self
            if self.narrow:
                again = self.narrow(rows)
            else:
                rows = own
            for row in rows:
                into.discard(row)
            again.measure(options, parent, into)


def unsteady(into, row):
    """The decisive columns whose samples are not steady."""
    return [column for column in targets.decisive(row) if not into.is_steady(row, column)]
