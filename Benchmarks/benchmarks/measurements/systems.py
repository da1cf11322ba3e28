"""The compared systems: release builds with the same flags, on the same disk."""
import contextlib
import shutil

from benchmarks.measurements import processes
from benchmarks.measurements.measured_cluster import Cluster
from benchmarks.measurements.samples import OURS

FLAGS = ["--snapshot-count", "100000", "--quota-backend-bytes", str(8 << 30)]


def binary(name):
    return processes.our_etcd() if name == OURS else processes.real_etcd()


@contextlib.contextmanager
def one_member(name, parent, number, *flags):
    """One member with a new, temporary directory."""
    directory = parent / f"{name}-{number}.etcd"
    server = processes.Server(binary(name), directory, *FLAGS, *flags)
    with running(server):
        yield server


@contextlib.contextmanager
def members(name, parent, number, count, *flags):
    """A cluster with new, temporary directories."""
    cluster = Cluster(binary(name), parent / f"{name}-{number}-cluster", count, *FLAGS, *flags)
    with running(cluster):
        yield cluster


def three_members(name, parent, number, *flags):
    """A cluster of three."""
    return members(name, parent, number, 3, *flags)


@contextlib.contextmanager
def running(server):
    try:
        yield server.start()
    finally:
        server.close()
        shutil.rmtree(server.directory, ignore_errors=True)


def alternating(options):
    """The servers of each round, in alternating order."""
    for number in range(options.rounds):
        for name in options.servers if number % 2 == 0 else options.servers[::-1]:
            yield number, name
