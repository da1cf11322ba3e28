"""The results of a run as a text table."""
import statistics

from benchmarks.measurements.samples import OURS, THEIRS, is_steady, spread
from benchmarks.reports import bottlenecks
from benchmarks.rows import targets

HEAD = ("row", "column", "ours", "etcd 3.5.1", "ours / etcd", "target", "")


def number(value):
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def formatted(column, values):
    """The median, and the spread of several samples."""
    if not values:
        return "-"
    median = statistics.median(values)
    if not is_steady(column, values):
        return f"not measured ±{spread(values):.0%}"
    text = number(median)
    if len(values) > 1 and median:
        text += f" ±{spread(values):.0%}"
    return text


def lines(into):
    """Rows of (row, column, ours, etcd's, ratio, target, verdict)."""
    found = [HEAD]
    for row, columns in into.samples.items():
        for column in columns:
            found.append(line(into, row, column))
        names = [bottlenecks.of_row(into, row, name) for name in (OURS, THEIRS)]
        if any(names):
            found.append((row, "bound by", *(name or "-" for name in names), "", "", ""))
    return found


def line(into, row, column):
    ratio = into.ratio(row, column)
    target = targets.target_of(row, column)
    measured = target.measured(into, row) if target else None
    verdict = "" if measured is None else "met" if target.is_met(measured) else "not met"
    if target and measured is None and not into.is_steady(row, column):
        verdict = "not measured"
    return (
        row, column,
        *(formatted(column, into.values(row, column, name)) for name in (OURS, THEIRS)),
        "-" if ratio is None else f"{ratio:.2f}",
        "" if target is None else f"{'ours ' if target.is_own else ''}{target.text()}", verdict)


def print_table(found):
    widths = [max(len(cells[column]) for cells in found) for column in range(len(HEAD))]
    for number, cells in enumerate(found):
        same = number > 0 and cells[0] == found[number - 1][0]
        padded = [("" if same else cells[0]).ljust(widths[0]), cells[1].ljust(widths[1])]
        padded += [cell.rjust(width) for cell, width in zip(cells[2:6], widths[2:6])]
        print("  ".join([*padded, cells[6]]).rstrip())


def print_summary(verdicts, unmeasured, generator):
    """A line for all targets, and one for each row that h2load has as well."""
    met = sum(verdict["isMet"] for verdict in verdicts)
    rest = f", {len(unmeasured)} not measured" if unmeasured else ""
    count = len(verdicts) + len(unmeasured)
    print(f"\n{met} of {count} targets met{rest}" if count else "")
    for row, ratios in generator.items():
        text = ", ".join(f"{ratio:.2f} at {name}" for name, ratio in ratios.items())
        print(f"load generator / h2load, requests/s of {row}: {text}")
