"""This etcd beside the real one, in the same run, as a table.

    python Benchmarks/compare.py [--only WORD] [--rounds N] [--quick] [--no-ten-million]

Both servers are release builds with the same flags and data on the same disk, one at a time, in
alternating order. Writes a table to standard output; everything measured, and a picture of the
targets, go to results/.
"""
import argparse
import functools
import json
import pathlib
import shutil
import signal
import sys
import tempfile

import bounds
import chart
import incidents
import memory
import pauses
import results
import rows
import table
import targets
import work
from repeats import Section
from samples import OURS, THEIRS, Measurements


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--repeats", type=int, default=2,
        help="times that what differs too much between rounds is measured again (2)")
    parser.add_argument("--seconds", type=float, default=2, help="of a measurement (2)")
    parser.add_argument(
        "--keys", type=int, default=1_000_000, help="of the big loads and the pauses (1000000)")
    parser.add_argument(
        "--quick", action="store_true", help="one round of a second, 100,000 keys at most")
    parser.add_argument("--no-million", action="store_true", help="leave out the big loads")
    parser.add_argument(
        "--no-ten-million", action="store_true", help="leave out the load of ten million keys")
    parser.add_argument("--servers", default=f"{THEIRS},{OURS}", help="which, with a comma")
    parser.add_argument("--directory", help="where the data goes; both servers' on one disk")
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    if options.quick:
        options.rounds, options.seconds, options.keys = 1, 1.0, 100_000
        options.no_ten_million = True
    return options


def sections(options):
    """What is measured, one after the other."""
    chosen = [group.chosen(options.only) for group in work.GROUPS]
    return [group.section() for group in chosen if group] + [
        Section(measure) for words, measure in others(options)
        if rows.is_asked_for(options.only, words)]


def others(options):
    """What is no row of work: words that `--only` may have, and what measures it."""
    found = [
        ("3 members: leader killed", incidents.leader_killed),
        ("3 members: catch-up", incidents.catch_up),
        (f"pause: {', '.join(pauses.ACTIONS)}", pauses.pauses),
        ("memory: keys, idle", memory.resident),
    ]
    loads = [(options.keys, max(options.rounds, 2)), (10_000_000, 2)]
    if options.no_ten_million:
        loads.pop()
    if options.no_million:
        loads.clear()
    for keys, restarts in loads:
        measure = functools.partial(memory.load_and_restart, keys, restarts)
        found.append(("load, restart", measure))
    return found


def report(into, options):
    path = results.write(into, options)
    path.with_suffix(".svg").write_text(chart.draw(json.loads(path.read_text())))
    table.print_table(table.lines(into))
    table.print_summary(
        targets.verdicts(into), targets.unmeasured(into), bounds.against_h2load(into))
    print(f"median ± half the spread of {options.rounds} rounds; all samples: {path.name}")


def main():
    options = arguments()
    wanted = sections(options)
    if not wanted:
        sys.exit(f"no row has {options.only!r} in its name")
    # As an exception, so that servers and directories do not outlive a run that is stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parent = pathlib.Path(tempfile.mkdtemp(prefix="compare-", dir=options.directory))
    into = Measurements()
    try:
        for section in wanted:
            section.measure_steadily(options, parent, into)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
        if into.samples:
            report(into, options)


if __name__ == "__main__":
    main()
