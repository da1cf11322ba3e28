"""A run of a program that measures servers."""
import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile

from benchmarks.measurements.samples import Measurements


@contextlib.contextmanager
def measured_run(name, report, directory=None):
    """Gives the directory for the servers' data, and the measurements to add to.

    At the end, also of a run that fails or is stopped, the directory is removed and what was
    measured is reported.
    """
    # Raises an exception, so that a stopped run cleans up servers and directories.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parent = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=directory))
    into = Measurements()
    try:
        yield parent, into
    finally:
        shutil.rmtree(parent, ignore_errors=True)
        if into.samples:
            report(into)
