"""Draws the results of a run as SVG charts.

    python Benchmarks/chart.py docs/benchmarks [results/compare-....json]

Writes summary.svg and summary-dark.svg, the five bars of the README, and full.svg with all targets.
A file without samples, such as docs/benchmarks/2026-11-summary.json, gives the summary alone.
"""
import argparse
import json
import pathlib
import sys

from benchmarks.reports import chart, summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path, help="the directory of the charts")
    parser.add_argument(
        "results", type=pathlib.Path, nargs="?", default=chart.newest(),
        help="results of compare.py (the newest)")
    options = parser.parse_args()
    if options.results is None:
        sys.exit("no results yet: run `make benchmark` first")
    found = json.loads(options.results.read_text())
    if "samples" in found:
        (options.directory / "full.svg").write_text(chart.draw(found))
    missing = summary.missing(found)
    if missing:
        sys.exit(f"no summary: {options.results.name} has no {'; '.join(missing)}")
    (options.directory / "summary.svg").write_text(summary.draw(found, summary.LIGHT))
    (options.directory / "summary-dark.svg").write_text(summary.draw(found, summary.DARK))


if __name__ == "__main__":
    main()
