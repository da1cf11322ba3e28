"""How the cost of a request grows with keys, connections, watchers, members and clients.

    python Benchmarks/growth.py [--only WORD] [--servers ours] [--most N] [--seconds N]

One round over each axis; otherwise as compare.py. Writes a table to standard output, and all
samples to results/.
"""
import argparse
import functools
import sys

from benchmarks.measurements.run import measured_run
from benchmarks.measurements.samples import OURS, THEIRS
from benchmarks.reports import results, table
from benchmarks.rows.growth import AXES


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help=f"an axis: {', '.join(AXES)}")
    parser.add_argument("--seconds", type=float, default=3, help="duration of a measurement (3)")
    parser.add_argument("--most", type=int, default=10_000_000, help="end of each axis")
    parser.add_argument(
        "--servers", default=f"{THEIRS},{OURS}", help="servers, separated by a comma")
    options = parser.parse_args()
    options.servers, options.rounds = options.servers.split(","), 1
    return options


def report(into, options):
    table.print_table(table.lines(into))
    print(f"all samples: {results.write(into, options, 'growth').name}")


def main():
    options = arguments()
    axes = {word: axis for word, axis in AXES.items() if options.only in word}
    if not axes:
        sys.exit(f"the axes are: {', '.join(AXES)}")
    with measured_run("growth", functools.partial(report, options=options)) as (parent, into):
        options.directory = parent
        for axis in axes.values():
            for name in options.servers:
                axis(name, parent, options, into)


if __name__ == "__main__":
    main()
