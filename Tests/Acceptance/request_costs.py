"""What requests cost a member, counted: allocations on the heap, and calls of the system.

    python Tests/Acceptance/request_costs.py                          # lines for the table
    python Tests/Acceptance/request_costs.py --only put               # some of them
    python Tests/Acceptance/request_costs.py --stacks "put, 1 x 1"    # who allocates
    python Tests/Acceptance/request_costs.py --calls "put, 1 x 1"     # which calls of the system

Nothing is timed, so a slow or busy machine gives the same numbers. The member runs with a small
library of ours before the C library (request_costs.c). Each kind of load runs twice, with few
requests and with many, and the difference is divided by that of the requests: connecting, and
what grows once, is in both. What is shared by a batch of requests depends on the sizes of
batches, so the loads have a fixed number of calls open: one, or a thousand.
"""
import argparse
import collections
import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import members

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "request_costs.txt"
ALLOCATIONS = ("malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign")
KEYS = 10_000
LEASES = 1_000
# As the structs of request_costs.c.
NAME_BYTES, COUNTER_BYTES, DEPTH_MAX, STACK_COUNT = 24, 32, 40, 1 << 14
STACK_BYTES = (3 + DEPTH_MAX) * 8


@dataclasses.dataclass
class Load:
    """Requests of one kind: what the load generator is told, and how many come."""

    command: str
    few: int
    many: int
    options: tuple = ()
    # Events of each put, where events are what is counted.
    events: int = 1

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
}


@dataclasses.dataclass
class Costs:
    """Of one request."""

    allocations: float
    system_calls: float


class CountedMember:
    """A member of the release build under the counting library, with keys and leases in it."""

    def __init__(self, binary, directory, stacks=False):
        self.directory = pathlib.Path(directory)
        self.counters = self.directory / "counters"
        environment = {
            "LD_PRELOAD": str(compiled_library(self.directory)),
            "REQUEST_COSTS": str(self.counters)}
        if stacks:
            environment["REQUEST_COSTS_STACKS"] = "1"
        self.generator = pathlib.Path(binary).parent / "loadgenerator"
        self.member = members.Member(
            str(binary), self.directory / "counted.etcd", "--snapshot-count", "1000000",
            environment=environment)

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

    def run(self, *arguments):
        result = subprocess.run(
            [str(self.generator), *map(str, arguments), "--endpoint", self.member.endpoint],
            capture_output=True, text=True, timeout=300)
        if result.returncode != 0:
            raise AssertionError(
                f"loadgenerator {arguments}: {result.stdout}{result.stderr}{self.member.tail()}")
        # What follows an answer belongs to it: the commit of the database, closed connections.
        time.sleep(0.3)
        return json.loads(result.stdout)

    def counts(self):
        """The counters by name as they stand now."""
        data = self.counters.read_bytes()
        counts = {}
        for at in range(0, len(data), COUNTER_BYTES):
            name = data[at:at + NAME_BYTES].rstrip(b"\0").decode("ascii", "replace")
            if not name.isidentifier():
                break
            counts[name] = int.from_bytes(data[at + NAME_BYTES:at + COUNTER_BYTES], sys.byteorder)
        return counts

    def counts_of(self, load, total):
        before = self.counts()
        self.run(*load.arguments(total))
        after = self.counts()
        return {name: after[name] - before[name] for name in after}

    def measure(self, load):
        """Calls of each function for one request."""
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
        """Stacks that have allocated so far: tuples of addresses, with their counts."""
        data = self.counters.read_bytes()
        words = memoryview(data)[len(self.counts()) * COUNTER_BYTES:].cast("Q")
        found = collections.Counter()
        for number in range(STACK_COUNT):
            count, depth, *addresses = words[number * STACK_BYTES // 8 + 1:][:2 + DEPTH_MAX]
            if depth:
                found[tuple(addresses[:depth])] += count
        return found


def compiled_library(directory):
    library = pathlib.Path(directory) / "request_costs.so"
    subprocess.run(
        [shutil.which("cc") or "clang", "-O2", "-Wall", "-Werror", "-shared", "-fPIC",
         "-o", str(library), str(HERE / "request_costs.c"), "-ldl"], check=True)
    return library


def limits():
    """The table: Costs found when it was written, and the limits, by name of load."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            name, *numbers = re.split(r"\s{2,}", line.strip())
            found, limit, found_calls, limit_calls = map(float, numbers)
            rows[name] = Costs(found, found_calls), Costs(limit, limit_calls)
    return rows


def excesses(found, limit):
    """What is above its limit, in words."""
    pairs = {
        "allocations": (found.allocations, limit.allocations),
        "system calls": (found.system_calls, limit.system_calls)}
    return [
        f"{what} for each request: {number:.2f}, limit {allowed:g}"
        for what, (number, allowed) in pairs.items() if number > allowed]


def symbols(binary, process_id, addresses):
    """Lines of text for each address: functions with file and line, the innermost first."""
    bases = [
        int(line.split("-")[0], 16)
        for line in pathlib.Path(f"/proc/{process_id}/maps").read_text().splitlines()
        if line.endswith(str(pathlib.Path(binary).resolve()))]
    end = min(bases) + pathlib.Path(binary).stat().st_size
    inside = [address for address in addresses if min(bases) <= address < end]
    # An address is where the call returns to; one less is in the call.
    asked = "".join(f"{address - 1 - min(bases):#x}\n" for address in inside)
    answer = subprocess.run(
        ["llvm-symbolizer", "--obj", str(binary), "--inlines", "--basenames"],
        input=asked, capture_output=True, text=True, check=True).stdout
    answer = subprocess.run(
        ["swift", "demangle", "--simplified"], input=answer, capture_output=True, text=True,
        check=True).stdout
    texts = {}
    for address, block in zip(inside, answer.split("\n\n")):
        lines = block.strip().splitlines()
        texts[address] = [
            f"{function}  {place}" for function, place in zip(lines[::2], lines[1::2])]
    return texts


def print_stacks(counted, load, number, frames):
    """The most frequent stacks of one load's allocations."""
    before = counted.stacks()
    counted.run(*load.arguments(load.many))
    found = counted.stacks() - before
    texts = symbols(
        counted.member.binary, counted.member.process.pid,
        {address for stack in found for address in stack})
    groups = collections.Counter()
    for stack, count in found.items():
        lines = [line for address in stack for line in texts.get(address, [])]
        lines = [line for line in lines if not re.match(r"swift_|_swift|\?\?|operator new", line)]
        groups[tuple(lines[:frames])] += count
    requests = load.many * load.events
    print(f"{sum(groups.values()) / requests:.2f} allocations for each request")
    for lines, count in groups.most_common(number):
        print(f"\n{count / requests:.2f}")
        for line in lines:
            print(f"    {line}")


def print_calls(counted, load):
    for name, number in sorted(counted.measure(load).items(), key=lambda item: -item[1]):
        if number >= 0.0005:
            print(f"{name:<20}{number:12.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=members.ROOT / ".build/release/etcd")
    parser.add_argument("--only", default="", help="loads with this in their name")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--stacks", choices=LOADS, metavar="LOAD")
    parser.add_argument("--calls", choices=LOADS, metavar="LOAD")
    parser.add_argument("--number", type=int, default=20, help="how many stacks")
    parser.add_argument("--frames", type=int, default=12, help="how much of each stack")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, \
            CountedMember(options.binary, directory, stacks=options.stacks) as counted:
        if options.stacks:
            return print_stacks(counted, LOADS[options.stacks], options.number, options.frames)
        if options.calls:
            return print_calls(counted, LOADS[options.calls])
        for name in filter(lambda name: options.only in name, LOADS):
            for _ in range(options.rounds):
                costs = counted.costs(LOADS[name])
                print(f"{name:<32}{costs.allocations:10.2f}{costs.system_calls:24.3f}", flush=True)


if __name__ == "__main__":
    main()
