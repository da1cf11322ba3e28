"""Counts the heap allocations and system calls of a member for each request.

Nothing is timed, so the numbers do not depend on the speed or load of the machine. The member runs
with an LD_PRELOAD library (request_costs.c). Each load runs twice, with few and with many requests,
and the difference of the counts is divided by that of the requests: this excludes connecting and
one-time growth. The cost of a batch is shared by its requests, so each load has a fixed number of
concurrent calls: one, or a thousand.
"""
import collections
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

from acceptance import certificates, members, secure

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "request_costs.txt"
ALLOCATIONS = ("malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign")
KEYS = 10_000
LEASES = 1_000
# The layout of the structs in request_costs.c.
NAME_BYTES, COUNTER_BYTES, DEPTH_MAX, STACK_COUNT = 24, 32, 40, 1 << 14
STACK_BYTES = (3 + DEPTH_MAX) * 8


@dataclasses.dataclass
class Load:
    """Requests of one kind: arguments of the load generator and numbers of requests."""

    command: str
    few: int
    many: int
    options: tuple = ()
    # Events for each put, if events are counted instead of requests.
    events: int = 1
    tls: bool = False

    def arguments(self, total):
        return [self.command, "--keys", KEYS, "--total", total, *self.options]


MANY = ("--connections", 100, "--streams", 10)
LOADS = {
    "put, 1 x 1": Load("put", 500, 2_500),
    "put, 100 x 10": Load("put", 10_000, 50_000, MANY),
    "txn, 100 x 10": Load("txn", 10_000, 50_000, MANY),
    "range, 1 x 1": Load("range", 2_000, 10_000),
    "range, 100 x 10": Load("range", 10_000, 50_000, MANY),
    "range serializable, 1 x 1": Load("range", 2_000, 10_000, ("--serializable",)),
    "range serializable, 100 x 10": Load("range", 10_000, 50_000, (*MANY, "--serializable")),
    "watch event, 1,000 watchers": Load(
        "watch", 20, 120, ("--connections", 10, "--streams", 10, "--watchers", 1_000),
        events=1_000),
    "put and its event, 1 x 1": Load("notify", 500, 2_500),
    "put and its event, 100 x 10": Load("notify", 10_000, 50_000, MANY),
    "keepalive, 1 x 1": Load("keepalive", 2_000, 10_000, ("--leases", LEASES)),
    "keepalive, 100 x 10": Load("keepalive", 10_000, 50_000, (*MANY, "--leases", LEASES)),
    "put with TLS, 1 x 1": Load("put", 500, 2_500, tls=True),
    "put with TLS, 100 x 10": Load("put", 10_000, 50_000, MANY, tls=True),
    "range with TLS, 1 x 1": Load("range", 2_000, 10_000, tls=True),
    "range with TLS, 100 x 10": Load("range", 10_000, 50_000, MANY, tls=True),
}


@dataclasses.dataclass
class Costs:
    """Costs of one request."""

    allocations: float
    system_calls: float


class CountedMember:
    """A member of the release build with the counting library, filled with keys and leases.

    It has two client listeners, the second with TLS.
    """

    def __init__(self, binary, directory, stacks=False):
        self.directory = pathlib.Path(directory)
        self.counters = self.directory / "counters"
        environment = {
            "LD_PRELOAD": str(compiled_library(self.directory)),
            "REQUEST_COSTS": str(self.counters)}
        if stacks:
            environment["REQUEST_COSTS_STACKS"] = "1"
        self.generator = pathlib.Path(binary).parent / "loadgenerator"
        kinds = certificates.Certificates(self.directory)
        self.tls = secure.ClientTLS(kinds.ca.path)
        self.tls_endpoint = f"127.0.0.1:{members.free_ports(1)[0]}"
        self.member = members.Member(
            str(binary), self.directory / "counted.etcd", "--snapshot-count", "1000000",
            *secure.server_flags(kinds["srv"]),
            environment=environment)
        urls = f"{self.member.url},https://{self.tls_endpoint}"
        self.member.flags += ["--listen-client-urls", urls]

    def __enter__(self):
        try:
            self.member.start()
            self.run("load", "--keys", KEYS)
            self.run("lease-grant", "--leases", LEASES)
        except BaseException:
            self.member.close()
            raise
        return self

    def __exit__(self, *_):
        self.member.close()

    def run(self, *arguments, tls=False):
        """Runs the load generator; it shows no certificate of its own."""
        connection = ["--endpoint", self.member.endpoint]
        if tls:
            connection = ["--endpoint", self.tls_endpoint, *self.tls.etcdctl_flags()]
        result = subprocess.run(
            [str(self.generator), *map(str, arguments), *connection],
            capture_output=True, text=True, timeout=300)
        if result.returncode != 0:
            raise AssertionError(
                f"loadgenerator {arguments}: {result.stdout}{result.stderr}{self.member.tail()}")
        # Work after the response counts as well: backend commits, closing connections.
        time.sleep(0.3)
        return json.loads(result.stdout)

    def counts(self):
        """The current counters by name."""
        return read_counters(self.counters)

    def counts_of(self, load, total):
        before = self.counts()
        self.run(*load.arguments(total), tls=load.tls)
        after = self.counts()
        return {name: after[name] - before[name] for name in after}

    def measure(self, load):
        """The number of calls of each function for one request."""
        few, many = self.counts_of(load, load.few), self.counts_of(load, load.many)
        requests = (load.many - load.few) * load.events
        counts = {name: (many[name] - few[name]) / requests for name in many}
        if not counts["malloc"]:
            raise AssertionError(f"{self.member.binary} does not use the C library's allocator")
        return counts

    def costs(self, load):
        counts = self.measure(load)
        return Costs(
            allocations=sum(counts[name] for name in ALLOCATIONS),
            system_calls=sum(
                number for name, number in counts.items()
                if name not in ALLOCATIONS and name != "allocated_bytes"))

    def stacks(self):
        """The stacks of all allocations so far: tuples of addresses, with their counts."""
        data = self.counters.read_bytes()
        words = memoryview(data)[len(self.counts()) * COUNTER_BYTES:].cast("Q")
        found = collections.Counter()
        for number in range(STACK_COUNT):
            count, depth, *addresses = words[number * STACK_BYTES // 8 + 1:][:2 + DEPTH_MAX]
            if depth:
                found[tuple(addresses[:depth])] += count
        return found


def read_counters(path):
    """The counters by name, from the file that the counting library maps."""
    data = path.read_bytes()
    counts = {}
    for offset in range(0, len(data), COUNTER_BYTES):
        name = data[offset:offset + NAME_BYTES].rstrip(b"\0").decode("ascii", "replace")
        if not name.isidentifier():
            break
        value = data[offset + NAME_BYTES:offset + COUNTER_BYTES]
        counts[name] = int.from_bytes(value, sys.byteorder)
    return counts


def compiled_library(directory):
    library = pathlib.Path(directory) / "request_costs.so"
    subprocess.run(
        [shutil.which("cc") or "clang", "-O2", "-Wall", "-Werror", "-shared", "-fPIC",
         "-o", str(library), str(HERE / "request_costs.c"), "-ldl"], check=True)
    return library


def limits():
    """The table: measured costs and limits by name of load."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            name, *numbers = re.split(r"\s{2,}", line.strip())
            found, limit, found_calls, limit_calls = map(float, numbers)
            rows[name] = Costs(found, found_calls), Costs(limit, limit_calls)
    return rows


def excesses(found, limit):
    """Descriptions of the costs that exceed their limits."""
    pairs = {
        "allocations": (found.allocations, limit.allocations),
        "system calls": (found.system_calls, limit.system_calls)}
    return [
        f"{what} for each request: {number:.2f}, limit {allowed:g}"
        for what, (number, allowed) in pairs.items() if number > allowed]
