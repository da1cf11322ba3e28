"""Measures again what differs too much from round to round."""
import dataclasses
import typing

import targets
from note import note


@dataclasses.dataclass(frozen=True)
class Section:
    """What is measured together: `measure(options, parent, into)`."""

    measure: typing.Callable
    # narrow(names) gives the section with these rows alone; None where rows need each other.
    narrow: typing.Callable = None

    def measure_steadily(self, options, parent, into):
        """Measures, and again while a figure that counts is unsteady, `options.repeats` times."""
        others = set(into.samples)
        self.measure(options, parent, into)
        own = [row for row in into.samples if row not in others]
        for _ in range(options.repeats):
            rows = [row for row in own if unsteady(into, row)]
            if not rows:
                return
            for row in rows:
                note(f"again, the samples differ too much: {row} ({', '.join(unsteady(into, row))})")
            again = self
            if self.narrow:
                again = self.narrow(rows)
            else:
                rows = own
            for row in rows:
                into.discard(row)
            again.measure(options, parent, into)


def unsteady(into, row):
    """The columns that count whose samples do not agree."""
    return [column for column in targets.decisive(row) if not into.is_steady(row, column)]
