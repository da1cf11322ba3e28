"""A profile of the server, attributed to stages of a request."""
import collections
import re
import subprocess
import sys

# Stages by module and by prefix of the rest of a mangled name; "" matches the whole module. The
# first match counts.
STAGES = [
    ("HTTP2", "", "HTTP/2"), ("GRPC", "", "gRPC"),
    ("GRPCServices", "16RequestSubmitter", "queue and completion"),
    ("GRPCServices", "", "checks and service"),
    ("Stages", "14ConsensusStage", "Raft"), ("Stages", "8LogStage", "log"),
    ("Stages", "10ApplyStage", "apply"), ("Stages", "12BackendStage", "database file"),
    ("MemberRuntime", "17ConsensusExecutor", "Raft"), ("MemberRuntime", "9LogThread", "log"),
    ("MemberRuntime", "13ApplyExecutor", "apply"),
    ("MemberRuntime", "13BackendThread", "database file"),
    ("MemberRuntime", "", "queue and completion"), ("Stages", "", "queue and completion"),
    ("Raft", "", "Raft"), ("Replica", "", "Raft"),
    ("WriteAheadLog", "", "log"), ("Disk", "", "log"),
    ("StateMachine", "", "apply"), ("Lease", "", "apply"),
    ("MVCC", "8KeyIndex", "index"), ("MVCC", "9IndexPage", "index"),
    ("MVCC", "9PageArena", "index"),
    ("MVCC", "15WatchDispatcher", "watchers"), ("MVCC", "7Watcher", "watchers"),
    ("MVCC", "12WatcherIndex", "watchers"), ("MVCC", "11WatchStream", "watchers"),
    ("MVCC", "", "store and write buffer"), ("Bolt", "", "database file"),
    ("EtcdAPI", "", "codecs"),
    ("NIOCore", "", "sockets (NIO)"), ("NIOPosix", "", "sockets (NIO)"),
]

# Stages of the kernel: the first pattern that matches a kernel frame counts.
KERNEL = [
    (re.compile(r"futex|epoll|ep_send|eventfd"), "kernel: waits and wake-ups"),
    (re.compile(r"^(tcp|sock|inet|__sys_(send|recv))"), "kernel: sockets"),
    (re.compile(r"page_fault"), "kernel: page faults"),
    (re.compile(r"fsync|vfs_|ext4|xfs|blk|filemap|fallocate|madvise|mmap"), "kernel: files"),
]

MODULE = re.compile(r"^\$[sS](\d+)")


def stage_of(frames):
    """The stage of a sample; frames are (symbol, file), innermost first."""
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
        for name, prefix, stage in STAGES:
            if module == name and rest.startswith(prefix):
                return stage
    # Only libnghttp2 has no frame pointers, so that its stacks end in the functions it calls.
    if "libc" in frames[0][1] and re.search(r"malloc|free|unlink_chunk|realloc", frames[0][0]):
        return "HTTP/2: memory"
    return "unknown"


def module_of(symbol):
    found = MODULE.match(symbol)
    if not found:
        return "", ""
    end = found.end() + int(found.group(1))
    return symbol[found.end():end], symbol[end:]


def samples(recording):
    """The stacks of all samples of a recording."""
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
    """Microseconds of CPU time of a request, and of each stage, largest first."""
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
