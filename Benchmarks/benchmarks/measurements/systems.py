"""The compared systems: release builds with the same flags, on the same disk."""
import contextlib
import shutil

from acceptance import api, users
from acceptance.cluster import flags_for
from benchmarks.measurements import processes
from benchmarks.measurements.certificates import encryption
from benchmarks.measurements.measured_cluster import Cluster
from benchmarks.measurements.samples import OURS

READWRITE = api.authpb.Permission.READWRITE
# Twenty ranges of a user that do not touch each other: all keys of the rows are in one of them.
RANGES = [(READWRITE, b"0", b"1")] + [
    (READWRITE, b"a%02d" % number, b"a%02d5" % number) for number in range(19)]
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


def encrypted(kind):
    """One member whose clients use TLS with certificates of this kind of key."""
    @contextlib.contextmanager
    def system(name, parent, number, *flags):
        directory = parent / f"{name}-{number}.etcd"
        server = processes.Server(
            binary(name), directory, *FLAGS, *encryption(kind).member_flags(), *flags,
            tls=encryption(kind).clients)
        server.client_flags = encryption(kind).load_generator_flags()
        with running(server):
            yield server
    return system


def with_users(signs=False):
    """One member with users, whose clients are one of them: with simple tokens, or signed ones."""
    @contextlib.contextmanager
    def system(name, parent, number, *flags):
        if signs:
            flags = [*flags, "--auth-token", signed_tokens(parent / f"{name}-{number}.keys")]
        with one_member(name, parent, number, *flags) as server:
            with server.connect() as channel:
                auth = api.stub(channel, "Auth")
                users.setup(auth, [("client", "pw", RANGES)])
                server.client_flags = ["--token", users.login(auth, "client", "pw")]
            yield server
    return system


def signed_tokens(directory):
    """The value of --auth-token for tokens signed with RSA."""
    directory.mkdir()
    keys = users.SigningKeys(directory)
    return (f"jwt,pub-key={keys.path('rs256.pub')},priv-key={keys.path('rs256.key')},"
            "sign-method=RS256,ttl=10m")


@contextlib.contextmanager
def members(name, parent, number, count, *flags, kind=None):
    """A cluster with new, temporary directories; `kind` of key if it uses TLS everywhere."""
    security = encryption(kind) if kind else None
    cluster = Cluster(
        binary(name), parent / f"{name}-{number}-cluster", count, *FLAGS,
        *(security.cluster_flags() if security else []), *flags,
        tls=security and security.clients)
    if security:
        cluster.client_flags = security.load_generator_flags()
    with running(cluster):
        yield cluster


def three_members(name, parent, number, *flags):
    """A cluster of three."""
    return members(name, parent, number, 3, *flags)


def three_with(*flags):
    """A cluster of three with these flags, which are named as in 3.7."""
    return lambda name, parent, number: three_members(
        name, parent, number, *flags_for(binary(name), flags))


def three_encrypted(kind):
    """A cluster of three that uses TLS everywhere."""
    return lambda name, parent, number, *flags: members(
        name, parent, number, 3, *flags, kind=kind)


@contextlib.contextmanager
def running(server):
    try:
        yield server.start()
    finally:
        server.close()
        shutil.rmtree(server.directory, ignore_errors=True)


def alternating(options, attempts=1):
    """The servers of each round, in alternating order; each round up to `attempts` times."""
    for number in range(options.rounds * attempts):
        for name in options.servers if number % 2 == 0 else options.servers[::-1]:
            yield number, name
