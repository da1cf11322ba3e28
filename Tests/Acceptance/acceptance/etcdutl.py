"""Command lines of etcdutl in a directory of files, and what they print.

A directory has `s.db`, a snapshot, and files made of it. Log lines are compared by level, message
and fields; times and callers are masked, stack traces left out.
"""
import json
import re
import shlex
import shutil
import subprocess

LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\S+\t(\w+)\t\S+\t([^\t]*)(?:\t(\{.*\}))?$")
# Of a part of etcd that logs under a name of its own.
BBOLT_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\S+\t\w+\tbbolt\t")
STACK_LINE = re.compile(r"^(\t\S+\.go:\d+|go\.etcd\.io/|main\.|runtime\.|github\.com/)")
CLUSTER = ("--name=n1 --initial-cluster=n1=http://127.0.0.1:42980,n2=http://127.0.0.1:42981 "
           "--initial-advertise-peer-urls=http://127.0.0.1:42980")

# What 3.5 has as well. A failed restore of etcd's leaves its directory, so each has one of its own.
LINES = f"""
    version
    version extra

    --help
    help
    help snapshot
    help snapshot restore
    help snap res
    help nosuch more
    snapshot
    snapshot nosuch
    snapshot --help
    snapshot restore --help
    snapshot status -h
    defrag --help
    nosuch
    defrga
    nosuch --help
    sna stat s.db
    sn
    --bad
    -x
    -w
    --write-out
    snapshot --bad
    snapshot status
    snapshot status s.db raw.db
    snapshot status s.db
    snapshot status s.db -w simple
    snapshot status s.db -w json
    snapshot status s.db -w fields
    snapshot status s.db -w table
    snapshot status s.db -w protobuf
    snapshot status s.db -w x
    -w json snapshot status s.db
    snapshot -w=json status s.db
    snapshot status --write-out=json -- s.db
    snapshot status raw.db
    snapshot status nofile
    snapshot status small
    snapshot status page
    snapshot status zeros
    snapshot status version.db
    snapshot status checksum.db
    snapshot restore s.db other.db --data-dir e0
    snapshot restore nofile --data-dir e1
    snapshot restore s.db --data-dir full
    snapshot restore small --data-dir e2
    snapshot restore raw.db --data-dir e3
    snapshot restore changed.db --data-dir e4
    snapshot restore s.db --data-dir e5 --name x
    snapshot restore s.db --data-dir e5 --initial-cluster a
    snapshot restore s.db --data-dir e5 --initial-cluster=
    snapshot restore s.db --data-dir e5 --initial-cluster default=http://localhost
    snapshot restore s.db --data-dir e5 --initial-cluster default=http://localhost:1/path
    snapshot restore s.db --data-dir e5 --initial-cluster \
default=http://localhost:2380,b=http://localhost:2380
    snapshot restore s.db --data-dir e5 --initial-cluster \
default=http://localhost:2380,default=http://localhost:2381
    snapshot restore s.db --data-dir e5 --initial-advertise-peer-urls=
    snapshot restore s.db --data-dir e5 --initial-advertise-peer-urls ftp://x
    snapshot restore s.db --data-dir e5 --initial-advertise-peer-urls http://127.0.0.2:1
    snapshot restore s.db --data-dir e5 --initial-advertise-peer-urls \
http://localhost:2380,http://localhost:2381
    snapshot restore s.db --data-dir e5 --wal-dir full
    snapshot restore s.db --data-dir e5 --skip-hash-check=maybe
    snapshot restore page --data-dir e6 --skip-hash-check
    snapshot restore s.db --data-dir r1 {CLUSTER}
    snapshot restore s.db --data-dir r1
    snapshot status r1/member/snap/db -w json
    snapshot restore raw.db --data-dir r2 --skip-hash-check --wal-dir r2wal
    snapshot restore changed.db --data-dir r3 --skip-hash-check
    snapshot restore s.db --data-dir deep/er/r4 --wal-dir deep/er/wal/r4
    snapshot status r2/member/snap/db
    defrag --data-dir r1
    snapshot status r1/member/snap/db
    defrag
    defrag --data-dir nodir
"""

# What 3.7 has besides; `h.db` is a copy of `s.db`, which hashkv of etcd changes.
NEWER_LINES = f"""
    hashkv
    hashkv h.db s.db
    hashkv --help
    hashkv nofile
    hashkv h.db
    hashkv h.db -w json
    hashkv h.db -w fields
    hashkv h.db -w table
    hashkv h.db -w protobuf
    hashkv h.db -w x
    hashkv h.db --rev 99999
    hashkv h.db --rev 20
    hashkv h.db --rev 8
    hashkv h.db --rev 7
    hashkv h.db --rev x
    hashkv h.db --timeout=x
    hashkv page
    completion
    completion nosuch
    completion bash zsh
    completion --help
    migrate --help
    snapshot save x
    snapshot restore
    snapshot restore s.db --data-dir e8 --bump-revision 1000
    snapshot restore s.db --data-dir e8 --mark-compacted
    snapshot restore s.db --data-dir e8 --bump-revision -1 --mark-compacted
    snapshot restore s.db --data-dir e8 --initial-memory-map-size=1GB
    snapshot restore s.db --data-dir b1 --bump-revision 1000 --mark-compacted
    snapshot status b1/member/snap/db
    hashkv b1/member/snap/db
    snapshot restore s.db --data-dir b2 --initial-memory-map-size 0 {CLUSTER}
    snapshot status b2/member/snap/db
    migrate
    migrate --data-dir r1
    migrate --data-dir r1 --target-version 3.4
    migrate --data-dir r1 --target-version 3
    migrate --data-dir r1 --target-version 3.x
    migrate --data-dir r1 --target-version x.5
    migrate --data-dir r1 --target-version 3.6-rc
    migrate --data-dir r1 --target-version 3.6.1
    migrate --data-dir nodir --target-version 3.6
    migrate --data-dir r1 --target-version 3.7
    migrate --data-dir r1 --target-version 3.8
    migrate --data-dir r1 --target-version 4.0
    migrate --data-dir r2 --target-version 3.6
    migrate --data-dir r1 --target-version 3.6
    snapshot status r1/member/snap/db
    migrate --data-dir r1 --target-version 3.5
    snapshot status r1/member/snap/db
    migrate --data-dir r1 --target-version 3.7
    snapshot status r1/member/snap/db
    migrate --data-dir r1 --target-version 3.9 --force
    snapshot status r1/member/snap/db
    migrate --data-dir r1 --target-version 3.5
    migrate --data-dir r1 --target-version 3.5 --force
    snapshot status r1/member/snap/db
"""


def prepare(directory, snapshot):
    """Makes the files of a directory from a snapshot."""
    directory.mkdir()
    whole = snapshot.read_bytes()
    (directory / "s.db").write_bytes(whole)
    (directory / "h.db").write_bytes(whole)
    (directory / "raw.db").write_bytes(whole[:-32])
    changed = bytearray(whole)
    # In a value, where a database has no checksum.
    changed[whole.index(b"a value")] ^= 1
    (directory / "changed.db").write_bytes(changed)
    (directory / "small").write_bytes(b"hi\n")
    (directory / "page").write_bytes(b"%04096d" % 1)
    (directory / "zeros").write_bytes(bytes(16384))
    for name, offset in (("version.db", 20), ("checksum.db", 40)):
        bad = bytearray(whole)
        for page in range(2):
            bad[page * 4096 + offset] ^= 1
        (directory / name).write_bytes(bad)
    (directory / "full").mkdir()
    (directory / "full/file").touch()
    return directory


def run(program, line, directory):
    """Runs a command line; returns exit status, stdout and masked stderr."""
    result = subprocess.run(
        [program, *shlex.split(line)], cwd=directory, capture_output=True, text=True, timeout=60,
        env={"TZ": "UTC"})
    return result.returncode, result.stdout, masked(result.stderr)


def play(program, lines, directory):
    """Runs command lines in their order; returns each with its result."""
    return [(line, *run(program, line, directory)) for line in map(str.strip, split(lines))]


def split(lines):
    """The command lines of a text; one is empty."""
    return lines.strip("\n").split("\n")


def masked(errors):
    lines = []
    for line in errors.split("\n"):
        if line.startswith("goroutine ") and lines and lines[-1] == "":
            return "\n".join(lines)
        if found := LOG_LINE.match(line):
            level, message, fields = found.groups()
            lines.append(f"{level} {message}{masked_fields(fields)}")
        elif not STACK_LINE.match(line) and not BBOLT_LINE.match(line):
            lines.append(line)
    return "\n".join(lines)


def masked_fields(fields):
    if not fields:
        return ""
    found = json.loads(fields)
    found.pop("stack", None)
    if "took" in found:
        found["took"] = "TIME"
    return " " + json.dumps(found, sort_keys=True)


def copied(directory, destination):
    shutil.copytree(directory, destination)
    return destination
