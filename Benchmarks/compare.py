"""Compares swift-etcd with the real etcd, in the same run.

    python Benchmarks/compare.py [--only WORD] [--rounds N] [--quick] [--no-ten-million]

Both servers are release builds with the same flags on the same disk; they run one at a time, in
alternating order. Writes a table to standard output, and all samples and a chart of the targets to
results/.
"""
import argparse
import functools
import json
import sys

from benchmarks.measurements.run import measured_run
from benchmarks.measurements.samples import OURS, THEIRS
from benchmarks.reports import bottlenecks, chart, results, table
from benchmarks.rows import catalogue, targets


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows with this text in their name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--repeats", type=int, default=2,
        help="how often unsteady rows are measured again (2)")
    parser.add_argument("--seconds", type=float, default=2, help="duration of a measurement (2)")
    parser.add_argument(
        "--keys", type=int, default=1_000_000,
        help="keys of the large loads (1000000)")
    parser.add_argument(
        "--quick", action="store_true", help="one round of a second, 100,000 keys at most")
    parser.add_argument("--no-million", action="store_true", help="without the large loads")
    parser.add_argument(
        "--no-ten-million", action="store_true", help="without the load of ten million keys")
    parser.add_argument(
        "--servers", default=f"{THEIRS},{OURS}", help="servers, separated by a comma")
    parser.add_argument("--directory", help="directory for the data of both servers")
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    if options.quick:
        options.rounds, options.seconds, options.keys = 1, 1.0, 100_000
        options.no_ten_million = True
    return options


def report(into, options):
    path = results.write(into, options)
    path.with_suffix(".svg").write_text(chart.draw(json.loads(path.read_text())))
    table.print_table(table.lines(into))
    table.print_summary(
        targets.verdicts(into), targets.unmeasured(into), bottlenecks.against_h2load(into))
    print(f"median ± half the spread of {options.rounds} rounds; all samples: {path.name}")


def main():
    options = arguments()
    sections = catalogue.sections(options)
    if not sections:
        sys.exit(f"no row has {options.only!r} in its name")
    finish = functools.partial(report, options=options)
    with measured_run("compare", finish, options.directory) as (parent, into):
        for section in sections:
            section.measure_steadily(options, parent, into)


if __name__ == "__main__":
    main()
