"""Where the CPU time of a request goes: microseconds for each stage, from a profile of the server.

    python Benchmarks/stages.py [--only WORD] [--seconds N] [--keep]

Needs `perf` (Debian: linux-perf) and the right to profile. A sample counts to the first stage that
its stack names, from the innermost frame outwards, so that memory and reference counts are with
whoever needed them; what the kernel did counts by the system call.
"""
import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import client
import rows
from systems import one_member
from samples import OURS

LOADS = [
    rows.Row("put, 100 x 10", "put", *rows.MANY),
    rows.Row("range 1 key, 100 x 10", "range", *rows.MANY),
    rows.Row("range 1,000 keys, 10 x 1", "range", "--connections", 10, "--range-size", 1000),
    rows.Row("watch, 1,000 watchers (events)", "watch", *rows.HUNDRED_STREAMS,
             "--watchers", 1000),
    rows.Row("put, 1 x 1", "put"),
]

# Stages by the beginning of what follows the module in a frame's mangled name: "" is all of the
# module. The first line that fits counts.
STAGES = [
    ("HTTP2", "", "HTTP/2"), ("GRPC", "", "gRPC"),
    ("ClientAPI", "10ClientPort", "queue and completion"), ("ClientAPI", "", "checks and service"),
    ("ReplicaRuntime", "15ConsensusThread", "Raft"), ("ReplicaRuntime", "9LogThread", "log"),
    ("ReplicaRuntime", "11ApplyThread", "apply"),
    ("ReplicaRuntime", "13BackendThread", "database file"),
    ("ReplicaRuntime", "", "queue and completion"),
    ("Raft", "", "Raft"), ("Replica", "", "Raft"),
    ("WriteAheadLog", "", "log"), ("Disk", "", "log"),
    ("StateMachine", "", "apply"), ("Lease", "", "apply"),
    ("MVCC", "8KeyIndex", "index"), ("MVCC", "9IndexPage", "index"),
    ("MVCC", "9PageArena", "index"),
    ("MVCC", "8WatchHub", "watchers"), ("MVCC", "7Watch", "watchers"),
    ("MVCC", "", "store and overlay"), ("Bolt", "", "database file"),
    ("EtcdAPI", "", "codecs"),
    ("NIOCore", "", "sockets (NIO)"), ("NIOPosix", "", "sockets (NIO)"),
]

# The first that any frame of the kernel's part of a stack names.
KERNEL = [
    (re.compile(r"futex|epoll|ep_send|eventfd"), "kernel: waiting and waking"),
    (re.compile(r"^(tcp|sock|inet|__sys_(send|recv))"), "kernel: sockets"),
    (re.compile(r"page_fault"), "kernel: page faults"),
    (re.compile(r"fsync|vfs_|ext4|xfs|blk|filemap|fallocate|madvise|mmap"), "kernel: files"),
]

MODULE = re.compile(r"^\$[sS](\d+)")


def stage_of(frames):
    """The stage of one sample: frames from the innermost outwards, as (symbol, file)."""
    if frames and frames[0][1].startswith("[kernel"):
        inner = [symbol for symbol, file in frames if file.startswith("[kernel")]
        for pattern, stage in KERNEL:
            if any(pattern.search(symbol) for symbol in inner):
                return stage
        return "kernel: interrupts and scheduler"
    for symbol, file in frames:
        if symbol.startswith("nghttp2_") or "nghttp2" in file:
            return "HTTP/2"
        module, rest = module_of(symbol)
        for name, beginning, stage in STAGES:
            if module == name and rest.startswith(beginning):
                return stage
    # Only libnghttp2 keeps no frames, so that a stack of its ends in what it calls.
    if "libc" in frames[0][1] and re.search(r"malloc|free|unlink_chunk|realloc", frames[0][0]):
        return "HTTP/2: memory"
    return "not told"


def module_of(symbol):
    found = MODULE.match(symbol)
    if not found:
        return "", ""
    end = found.end() + int(found.group(1))
    return symbol[found.end():end], symbol[end:]


def samples(recording):
    """The stacks of a recording."""
    script = subprocess.Popen(
        ["perf", "script", "-i", str(recording), "-F", "ip,sym,dso", "--no-demangle"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    frames = []
    for line in script.stdout:
        words = line.split()
        if not words:
            if frames:
                yield frames
            frames = []
        elif len(words) >= 2:
            frames.append((re.sub(r"\+0x[0-9a-f]+$", "", words[1]), words[-1].strip("()")))
    if frames:
        yield frames


def profile(row, server, seconds, directory):
    """Microseconds of each stage, largest first."""
    row.prepare(server)
    row.run(server, 1, directory)
    recording = directory / "perf.data"
    perf = subprocess.Popen(
        ["perf", "record", "-F", "499", "-g", "-p", str(server.process.pid), "-o", str(recording),
         "--", "sleep", str(seconds * row.share + 1)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = server.cpu_seconds()
    result = row.run(server, seconds, directory)
    each = (server.cpu_seconds() - before) * 1e6 / result["requests"]
    perf.wait()
    counts = collections.Counter(stage_of(frames) for frames in samples(recording))
    total = sum(counts.values())
    if not total:
        sys.exit("perf has no samples of the server")
    return each, [(stage, each * count / total) for stage, count in counts.most_common()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="loads whose name has this in it")
    parser.add_argument("--seconds", type=float, default=5, help="of a load (5)")
    parser.add_argument("--keep", action="store_true", help="leave the last recording in place")
    options = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("perf: not found (Debian: apt-get install linux-perf)")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="profile-"))
    try:
        for row in LOADS:
            if not rows.is_asked_for(options.only, row.name):
                continue
            with one_member(OURS, directory, row.command) as server:
                client.generate(server, "load", *rows.MANY, "--keys", rows.KEYS)
                each, stages = profile(row, server, options.seconds, directory)
            print(f"{row.name}: {each:.2f} us of CPU for each")
            for stage, microseconds in stages:
                print(f"    {stage:45} {microseconds:9.2f} us {microseconds / each:5.0%}")
    finally:
        if options.keep:
            print(f"recording: {directory / 'perf.data'}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
