"""The results of a run as Markdown: a table for all rows with the same columns."""
from benchmarks.measurements.samples import OURS, THEIRS
from benchmarks.reports import table
from benchmarks.rows import targets

SERVERS = {OURS: "swift-etcd", THEIRS: "etcd 3.5.1"}


def tables(into):
    alike = {}
    for row, columns in into.samples.items():
        alike.setdefault(tuple(columns), []).append(row)
    return "\n".join(
        "\n".join(f"| {' | '.join(cells)} |" for cells in lines(into, columns, rows)) + "\n"
        for columns, rows in alike.items())


def lines(into, columns, rows):
    """A line for each row and server, with the medians and the spread of the valid rounds."""
    head = ("row", "server", *columns, "rounds", "target")
    yield head
    yield ["---"] * len(head)
    for row in rows:
        for name in into.samples[row][columns[0]]:
            values = [into.values(row, column, name) for column in columns]
            yield (
                row, SERVERS[name], *map(table.formatted, columns, values),
                rounds(into, row, name, len(values[0])), verdicts(into, row, name))


def rounds(into, row, name, valid):
    left_out = sum(name in next(iter(columns.values()))
                   for columns in into.discarded.get(row, []))
    return f"{valid}, {left_out} discarded" if left_out else f"{valid}"


def verdicts(into, row, name):
    """The targets of a row with their results, beside our values."""
    found = []
    for target in targets.targets_of(row) if name == OURS else []:
        *_, ratio, text, verdict = table.line(into, row, target.column)
        if not target.is_own:
            text = f"{ratio} of etcd's, {text}"
        found.append(f"{target.column}: {text} {verdict or 'not measured'}")
    return "; ".join(found)
