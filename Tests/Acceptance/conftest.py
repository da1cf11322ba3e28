"""Members for tests: `member` is one of ours for a whole file, `start` makes fresh ones."""
import pytest

from cluster import Cluster
from members import our_member, real_member


def pytest_addoption(parser):
    parser.addoption(
        "--long", action="store_true",
        help="also the long forms: 1 GB ranges, 10,000 connections, etcdctl check perf")
    parser.addoption(
        "--kinds", default="ours,ours,ours",
        help="the kinds of the members of clusters, for example real,ours,ours")


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
    """start(*flags) gives a fresh member of ours, start(*flags, real=True) a real etcd."""
    made = []

    def make(*flags, real=False, directory=None, wait=True, **options):
        kind = real_member if real else our_member
        where = directory or tmp_path / f"{'real' if real else 'ours'}-{len(made)}.etcd"
        one = kind(where, *flags, **options)
        made.append(one)
        return one.start(wait=wait)

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def kinds(request):
    """The kinds of the three members that found a cluster."""
    return tuple(request.config.getoption("--kinds").split(","))


@pytest.fixture
def make_cluster(tmp_path, kinds):
    """make_cluster(*flags) gives a running cluster of three; also kinds=, links=, start=False."""
    made = []

    def make(*flags, kinds=kinds, links=False, start=True):
        one = Cluster(tmp_path / f"cluster-{len(made)}", kinds, flags, links)
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, kinds):
    """One cluster for all tests of a file that leave it as they found it."""
    one = Cluster(tmp_path_factory.mktemp("cluster") / "shared", kinds)
    yield one.start()
    one.close()
