"""What puts at a quarter of saturation wait for, and the put of a lone client.

    python Benchmarks/pauses.py [--only WORD] [--rounds N] [--keys N] [--servers ours]

A round with 20 ms of steal time or more is discarded and measured again; otherwise as compare.py.
Writes Markdown tables to standard output, and with all samples to results/.
"""
import argparse
import functools
import sys

from benchmarks.measurements.run import measured_run
from benchmarks.measurements.samples import OURS, THEIRS
from benchmarks.reports import markdown, results
from benchmarks.rows import pauses


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows with this text in their name")
    parser.add_argument("--rounds", type=int, default=20, help="quiet rounds of each row (20)")
    parser.add_argument("--seconds", type=float, default=2, help="duration at saturation (2)")
    parser.add_argument(
        "--keys", type=int, default=1_000_000,
        help="revisions, and keys deleted together (1000000)")
    parser.add_argument(
        "--servers", default=f"{THEIRS},{OURS}", help="servers, separated by a comma")
    parser.add_argument("--directory", help="directory for the data of both servers")
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    return options


def report(into, options):
    path = results.write(into, options, "pauses")
    text = markdown.tables(into)
    path.with_suffix(".md").write_text(text)
    print(f"{text}\nmedian ± half the spread of the rounds; all samples: {path.name}")


def main():
    options = arguments()
    selected = [group.selected(options.only) for group in pauses.groups(options.keys)]
    if not any(selected):
        sys.exit(f"no row has {options.only!r} in its name")
    finish = functools.partial(report, options=options)
    with measured_run("pauses", finish, options.directory) as (parent, into):
        for group in filter(None, selected):
            group.measure(options, parent, into)


if __name__ == "__main__":
    main()
