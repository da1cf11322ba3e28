"""Fixtures: `member` is a swift-etcd for a whole file, `start` starts new members."""
import signal

import pytest

from acceptance.certificates import Certificates
from acceptance.cluster import Cluster
from acceptance.hostile import Attacked
from acceptance.members import our_member, real_member


def pytest_addoption(parser):
    parser.addoption(
        "--long", action="store_true",
        help="also the long variants: 1 GB ranges, 10,000 connections, etcdctl check perf")
    parser.addoption(
        "--kinds", default="ours,ours,ours",
        help="the kinds of the members of clusters, for example real,ours,ours")


def pytest_configure(config):
    # Whoever starts a program in the background without job control has it ignore SIGINT, which the
    # programs under test would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "alone: the test needs the machine for itself; no other one runs beside it")


@pytest.fixture
def long(request):
    return request.config.getoption("--long")


@pytest.fixture(scope="module")
def member(tmp_path_factory):
    one = our_member(tmp_path_factory.mktemp("member") / "ours.etcd").start()
    yield one
    one.close()


@pytest.fixture
def start(tmp_path):
    """start(*flags) starts a new swift-etcd, start(*flags, real=True) a real etcd."""
    started = []

    def make(*flags, real=False, directory=None, wait=True, **options):
        kind = real_member if real else our_member
        data_directory = directory or tmp_path / f"{'real' if real else 'ours'}-{len(started)}.etcd"
        one = kind(data_directory, *flags, **options)
        started.append(one)
        return one.start(wait=wait)

    yield make
    for one in started:
        one.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """The certificates of this run; certificates["srv"] makes one on first use."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def kinds(request):
    """The kinds of the three initial members of a cluster."""
    return tuple(request.config.getoption("--kinds").split(","))


@pytest.fixture
def make_cluster(tmp_path, kinds):
    """make_cluster(*flags) starts a cluster of three; also kinds=, start=False and Cluster's."""
    started = []

    def make(*flags, kinds=kinds, start=True, **options):
        one = Cluster(tmp_path / f"cluster-{len(started)}", kinds, flags, **options)
        started.append(one)
        return one.start() if start else one

    yield make
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, kinds):
    """A cluster for all tests of a file that do not change its state permanently."""
    one = Cluster(tmp_path_factory.mktemp("cluster") / "shared", kinds)
    yield one.start()
    one.close()


@pytest.fixture(scope="session")
def attacked(tmp_path_factory, certificates):
    """A cluster for the tests of hostile clients."""
    one = Attacked(tmp_path_factory.mktemp("hostile"), certificates)
    yield one
    one.close()
