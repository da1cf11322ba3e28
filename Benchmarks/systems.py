"""The two systems that are compared: release builds with the same flags, on the same disk."""
import contextlib
import shutil

import processes
from samples import OURS
from measured_cluster import Cluster

FLAGS = ["--snapshot-count", "100000", "--quota-backend-bytes", str(8 << 30)]


def binary(name):
    return processes.our_etcd() if name == OURS else processes.real_etcd()


@contextlib.contextmanager
def one_member(name, parent, number, *flags):
    """One member on an empty directory that is gone afterwards."""
    directory = parent / f"{name}-{number}.etcd"
    server = processes.Server(binary(name), directory, *FLAGS, *flags)
    with running(server):
        yield server


@contextlib.contextmanager
def members(name, parent, number, count, *flags):
    """A cluster on empty directories that are gone afterwards."""
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
    """Round by round the servers, in an order that changes."""
    for number in range(options.rounds):
        for name in options.servers if number % 2 == 0 else options.servers[::-1]:
            yield number, name
