"""The CPU time of a request by stage, in microseconds, from a profile of the server.

    python Benchmarks/stages.py [--only WORD] [--seconds N] [--keep]

Needs `perf` (Debian: linux-perf) and permission to profile. A sample belongs to the stage of the
innermost frame that has one, so that memory management and reference counting belong to the stage
that needs them; kernel time is attributed by system call.
"""
import argparse
import pathlib
import shutil
import sys
import tempfile

from benchmarks.measurements import client
from benchmarks.measurements.cpu_profile import profile
from benchmarks.measurements.samples import OURS
from benchmarks.measurements.systems import one_member
from benchmarks.rows import workloads

LOADS = [
    workloads.Row("put, 100 x 10", "put", *workloads.MANY),
    workloads.Row("range 1 key, 100 x 10", "range", *workloads.MANY),
    workloads.Row("range 1,000 keys, 10 x 1", "range", "--connections", 10, "--range-size", 1000),
    workloads.Row("watch, 1,000 watchers (events)", "watch", *workloads.HUNDRED_STREAMS,
                  "--watchers", 1000),
    workloads.Row("put, 1 x 1", "put"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="loads with this text in their name")
    parser.add_argument("--seconds", type=float, default=5, help="duration of a load (5)")
    parser.add_argument("--keep", action="store_true", help="keep the last recording")
    options = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("perf: not found (Debian: apt-get install linux-perf)")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="profile-"))
    try:
        for row in LOADS:
            if not workloads.is_selected(options.only, row.name):
                continue
            with one_member(OURS, directory, row.command) as server:
                client.generate(server, "load", *workloads.MANY, "--keys", workloads.KEYS)
                each, stages = profile(row, server, options.seconds, directory)
            print(f"{row.name}: {each:.2f} us of CPU for each request")
            for stage, microseconds in stages:
                print(f"    {stage:45} {microseconds:9.2f} us {microseconds / each:5.0%}")
    finally:
        if options.keep:
            print(f"recording: {directory / 'perf.data'}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
