"""Prints the heap allocations and system calls of a member for each request.

    python Tests/Acceptance/programs/request_costs.py                         # lines of the table
    python Tests/Acceptance/programs/request_costs.py --only put              # some of them
    python Tests/Acceptance/programs/request_costs.py --stacks "put, 1 x 1"   # allocating stacks
    python Tests/Acceptance/programs/request_costs.py --calls "put, 1 x 1"    # each system call

acceptance/request_costs.py describes the method, acceptance/request_costs.txt has the limits.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import members  # noqa: E402
from acceptance.request_costs import LOADS, CountedMember  # noqa: E402


def symbols(binary, process_id, addresses):
    """Lines of text for each address: functions with file and line, innermost first."""
    bases = [
        int(line.split("-")[0], 16)
        for line in pathlib.Path(f"/proc/{process_id}/maps").read_text().splitlines()
        if line.endswith(str(pathlib.Path(binary).resolve()))]
    end = min(bases) + pathlib.Path(binary).stat().st_size
    inside = [address for address in addresses if min(bases) <= address < end]
    # An address is the return address of a call; one less is inside of the call.
    offsets = "".join(f"{address - 1 - min(bases):#x}\n" for address in inside)
    output = subprocess.run(
        ["llvm-symbolizer", "--obj", str(binary), "--inlines", "--basenames"],
        input=offsets, capture_output=True, text=True, check=True).stdout
    output = subprocess.run(
        ["swift", "demangle", "--simplified"], input=output, capture_output=True, text=True,
        check=True).stdout
    texts = {}
    for address, block in zip(inside, output.split("\n\n")):
        lines = block.strip().splitlines()
        texts[address] = [
            f"{function}  {location}" for function, location in zip(lines[::2], lines[1::2])]
    return texts


def print_stacks(counted, load, number, frames):
    """Prints the stacks with the most allocations of one load."""
    before = counted.stacks()
    counted.run(*load.arguments(load.many), tls=load.tls)
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
    parser.add_argument("--number", type=int, default=20, help="number of stacks")
    parser.add_argument("--frames", type=int, default=12, help="frames of each stack")
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
