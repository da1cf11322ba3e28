"""Captures of etcdctl 3.7.1 beside servers of 3.7.1, and their replay; `recorded/etcdctl` has them.

    ! put d1 x                          makes the state, not captured
    ! lease grant 600 -> 28dda20...     a lease that the following lines name so
    $ etcdctl get foo -w json           a command line: words are separated by single blanks
    {"header":...}                      its standard output
    [stderr]                            behind this line its standard error
    [rc=0]                              its exit status; 124: it was ended from outside

IDs and ports of the recorded cluster stand for those of the replaying one; numbers that depend on
the history are masked.
"""
import dataclasses
import re

from acceptance.command_lines import mask
from acceptance.recorded import FOLDER

FILES = ("keys", "transactions", "cluster", "failures", "arguments", "users", "status")
STOPPED = 124

# Command lines whose capture cannot be compared, and why. Their exit status is compared if it is
# known. Two captured lines are left out, `member add` in json and fields in cluster.txt: their error
# is that of another command, and failures.txt has them again.
STATUS_ONLY = {
    r'txn   <<< mod\(\"foo\"\)\ \>\ \"0\"\\n\\nput\ a1\ v1\\nput\ a1':
        "it ends before the error",
    "alarm list -w protobuf": "its bytes are not text",
    "member list -w protobuf": "its bytes are cut",
    "--user u1:p1 snapshot save q.db": "it ends in the log lines",
}


@dataclasses.dataclass
class Capture:
    """A command line with what it printed, or a step that makes the state."""
    line: str
    is_setup: bool = False
    output: str = ""
    errors: str = ""
    status: int | None = None
    # The capture was cut: only its beginning is compared.
    is_cut: bool = False

    @property
    def has_no_text(self):
        return "(help/usage text or environment dump)" in self.output


def captures(name):
    """The captures and setup lines of a file, in order."""
    found, block = [], None
    for line in (FOLDER / "etcdctl" / f"{name}.txt").read_text().split("\n"):
        if line.startswith("! "):
            found.append(Capture(line[2:], is_setup=True))
        elif line.startswith("$ etcdctl "):
            block = []
            found.append((line[len("$ etcdctl "):], block))
        elif block is not None:
            block.append(line)
    return [one if isinstance(one, Capture) else parsed(*one) for one in found]


def parsed(line, block):
    text = "\n".join(block).rstrip("\n") + "\n"
    capture = Capture(line)
    if end := re.search(r"\[rc=(\d+|\?)\]\n", text):
        capture.status = None if end[1] == "?" else int(end[1])
        capture.is_cut = not text[:end.start()].endswith("\n") and end.start() > 0
        text = text[:end.start()]
    text = re.sub(r"\(no newline\)\n?", "", text)
    capture.output, _, errors = text.partition("[stderr]\n")
    capture.errors = "".join(
        one for one in errors.splitlines(True) if not one.startswith("(log) "))
    return capture


# Numbers that depend on the history, on time or on the size of files.
HISTORY = [
    (r'"(revision|raft_term|\w+_revision|version|count|raftIndex|raftTerm|raftAppliedIndex|dbSize'
     r'|dbSizeInUse|dbSizeQuota|hash|lease|ttl|TTL|authRevision)":-?\d+', r'"\1":N'),
    (r'(?m)^"(Revision|RaftTerm|\w*Revision|\w*Version|Count|RaftIndex|RaftAppliedIndex|DBSize'
     r'|DBSizeInUse|DBSizeQuota|Hash|\w*Lease|TTL)" : -?\d+$', r'"\1" : N'),
    (r"\b\d+(\.\d+)? [kMG]?B\b", "SIZE"),
    (r"\b\d+%", "N%"),
    (r"((?:true|false), (?:true|false)), \d+, N, N, ", r"\1, N, N, N, "),
    (r"(?m)^(ADDRESS|http://ADDRESS), \d+, \d+$", r"\1, N, N"),
    (r"│ +\d+ ", "│ N "),
    # Ours prints no header when a watch is cancelled.
    (r'"Header":\{[^}]*\},"Events":null', '"Header":{},"Events":null'),
    # The key of a candidate ends with its lease.
    (r'"key":"ZTEv[\w=]+"', '"key":"ZTEv..."'),
    (r"─+", "─"), (r" {2,}", " "),
    (r"AuthRevision: \d+", "AuthRevision: N"),
    (r"remaining\(\S+?\)", "remaining(TIME)"),
    (r"(?m)^([\w/]+)/ID$", r"\1/ID"),
]


def comparable(text):
    text = mask(text)
    for pattern, replacement in HISTORY:
        text = re.sub(pattern, replacement, text)
    return text


def words(line):
    """The words of a command line: an empty word stands between two blanks."""
    command, _, stdin = line.partition("<<< ")
    command = re.sub(r"  \(background: .*\)$", "", command).replace(" | xxd -p", "")
    if stdin or command.startswith("txn"):
        return command.split(), re.sub(r"\\(.)", r"\1", stdin).replace("\\n", "\n")
    return command.split(" "), ""
