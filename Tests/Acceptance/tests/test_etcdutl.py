"""Our etcdutl prints and writes the same as etcd's, and its work survives an interruption.

The recorded tool is 3.7.1. The real tool beside ours is 3.5.1, or the program that REAL_ETCDUTL
names; where 3.5.1 differs from 3.7.1, `DIFFERENCES` and `as_newer` say how.
"""
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from acceptance import api, bolt, etcdutl, load
from acceptance.cluster import Cluster
from acceptance.members import our_etcdctl, our_etcdutl, real_member, tool
from acceptance.recorded import FOLDER
from acceptance.secure import ClientTLS, peer_flags, server_flags

RECORDED = FOLDER / "etcdutl"
# What a failed restore of etcd's leaves; ours leaves nothing.
LEFT_BY_ETCD = {"e1", "e2", "e3", "e4", "e5", "e6", "e8"}


def real_etcdutl():
    return os.environ.get("REAL_ETCDUTL") or tool("etcdutl")


def mismatches(expected, actual):
    return "\n\n".join(
        f"$ {line}\ntheirs {theirs}\nours   {ours}"
        for (line, *theirs), (_, *ours) in zip(expected, actual, strict=True) if theirs != ours)


def without_check(output):
    """Usages without our own command."""
    return re.sub(r"(?m)^  check .*\n", "", output)


def play_ours(lines, directory):
    return [(line, status, without_check(output), without_check(errors))
            for line, status, output, errors in etcdutl.play(our_etcdutl(), lines, directory)]


# The recorded 3.7.1

def test_prints_what_was_recorded_of_3_7_1(tmp_path):
    files = etcdutl.prepare(tmp_path / "files", RECORDED / "s.db")
    with open(RECORDED / "outputs.jsonl") as file:
        steps = [json.loads(line) for line in file][1:]
    expected = [(step["line"], step["status"], step["output"], step["errors"]) for step in steps]
    actual = play_ours(etcdutl.LINES, files) + play_ours(etcdutl.NEWER_LINES, files)
    found = mismatches(expected, actual)
    assert not found, found


def test_leaves_nothing_that_etcd_leaves(tmp_path):
    files = etcdutl.prepare(tmp_path / "files", RECORDED / "s.db")
    before = {path.name for path in files.iterdir()}
    lines = [line for line in etcdutl.split(etcdutl.LINES) if "snapshot restore" in line
             and any(f"--data-dir {name}" in line for name in LEFT_BY_ETCD)]
    play_ours("\n".join([*lines, "hashkv h.db"]), files)
    assert {path.name for path in files.iterdir()} == before
    assert (files / "s.db").read_bytes() == (files / "h.db").read_bytes(), "hashkv only reads"


# The real tool

@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """A snapshot of a real etcd."""
    directory = tmp_path_factory.mktemp("snapshot")
    member = real_member(directory / "real.etcd").start()
    for number in range(20):
        member.etcdctl("put", f"key{number % 4}", f"a value of number {number}")
    member.etcdctl("compaction", "8")
    member.etcdctl("del", "key2")
    member.etcdctl("lease", "grant", "3600")
    member.etcdctl("snapshot", "save", str(directory / "s.db"))
    member.close()
    return directory / "s.db"


# What 3.7.1 prints for lines for which 3.5.1 prints something else: status, output, errors.
OTHER_URL = "snapshot restore s.db --data-dir e5 --initial-advertise-peer-urls http://127.0.0.2:1"
NO_DATABASE = "snapshot restore page --data-dir e6 --skip-hash-check"
DIFFERENCES = {
    "version": (0, "etcdutl version: 3.7.1\nAPI version: 3.7\n", ""),
    "version extra": (0, "etcdutl version: 3.7.1\nAPI version: 3.7\n", ""),
    # 3.5.1 panics.
    "defrag --data-dir nodir": (
        1, "", "Error: Failed to defragment etcd data[nodir] "
               "(stat nodir/member/snap/db: no such file or directory)\n"),
    # 3.5.1 does not print the size.
    "snapshot status page": (1, "", "Error: file size too small 4096\n"),
    # 3.5.1 names the addresses in another way, and logs nothing.
    OTHER_URL: (
        1, "", 'info resolved URL Host {"host": "127.0.0.2:1", "resolved-addr": "127.0.0.2:1", '
               '"url": "http://127.0.0.2:1"}\n'
               "Error: --initial-cluster has default=http://localhost:2380 but missing from "
               "--initial-advertise-peer-urls=http://127.0.0.2:1 "
               '(resolved urls: "http://127.0.0.2:1" != "http://localhost:2380")\n'),
    # 3.5.1 does not log why it panics.
    NO_DATABASE: (
        2, "", 'info restoring snapshot {"data-dir": "e6", "path": "page", '
               '"snap-dir": "e6/member/snap", "wal-dir": "e6/member/wal"}\n'
               'panic failed to open database {"error": "file size too small 4096", '
               '"path": "e6/member/snap/db"}\npanic: failed to open database\n'),
}
NEWER_FLAGS = r"backup|check|completion|hashkv|migrate|--(timeout|bump-revision|mark-compacted|" \
              r"initial-memory-map-size)"


def usage_shortened(text):
    """A usage without commands and flags that only one has, whatever the widths of its columns."""
    lines = [line for line in text.split("\n") if not re.match(rf"\s+({NEWER_FLAGS})\b", line)]
    return re.sub(r"(?m)(\S) {2,}", r"\1  ", "\n".join(lines))


def as_newer(line, status, output, errors):
    """What 3.7.1 prints where 3.5.1 prints this."""
    if line in DIFFERENCES:
        return DIFFERENCES[line]
    if re.search(r" sta(t|tus) ", line) and status == 0 and not output.startswith("Usage"):
        # There is a column for the storage version, which databases of 3.5 do not have.
        output = re.sub(r"B\n\Z", "B, \n", output)
        output = re.sub(r"\}\n\Z", ',"version":""}\n', output)
        output = re.sub(r'("Size" : \d+\n)\Z', r'\1"Version" : \n', output)
    # Members are logged with the kind of their vote.
    errors = errors.replace(
        '"added-peer-peer-urls"', '"added-peer-is-learner": false, "added-peer-peer-urls"')
    return status, output, errors


def cells(output):
    """A table's cells without its drawing."""
    return [re.findall(r"[^\s│|][^│|]*?(?=\s*[│|])", line) for line in output.split("\n")
            if "HASH" in line or re.search(r"[│|]\s+[0-9a-f]+ ", line)]


def comparable(line, status, output, errors, older):
    if "-w table" in line:
        output = str([row[:4] for row in cells(output)])
    if older:
        # 3.5.1 counts the records of all buckets instead of the keys, and has another layout.
        output = re.sub(r"^([0-9a-f]+, \d+), \d+,", r"\1, KEYS,", output)
        output = re.sub(r'("totalKey":|"Keys" : )\d+', r"\1KEYS", output)
        output = re.sub(r"'\d+', ('\d+ kB'\]\])", r"KEYS, \1", output)
        errors = re.sub(r'"initial-memory-map-size": \d+, ', "", errors)
        errors = re.sub(r'"(current-db-size[a-z-]*)": ("[^"]*"|-?\d+)', r'"\1": SIZE', errors)
    return line, status, usage_shortened(output), usage_shortened(errors)


def test_prints_the_same_as_the_real_tool(tmp_path, snapshot):
    real = real_etcdutl()
    older = is_older(real)
    files = [etcdutl.prepare(tmp_path / name, snapshot) for name in ("theirs", "ours")]
    expected = etcdutl.play(real, etcdutl.LINES, files[0])
    actual = play_ours(etcdutl.LINES, files[1])
    if older:
        expected = [(line, *as_newer(line, *result)) for line, *result in expected]
    else:
        expected += etcdutl.play(real, etcdutl.NEWER_LINES, files[0])
        actual += play_ours(etcdutl.NEWER_LINES, files[1])
    found = mismatches([comparable(*step, older) for step in expected],
                       [comparable(*step, older) for step in actual])
    assert not found, found


def is_older(program):
    output = subprocess.run([program, "version"], capture_output=True, text=True).stdout
    return "etcdutl version: 3.5." in output


def test_restores_the_same_database_as_the_real_tool(tmp_path, snapshot):
    restored = {}
    for name, program in (("theirs", real_etcdutl()), ("ours", our_etcdutl())):
        files = etcdutl.prepare(tmp_path / name, snapshot)
        status, _, errors = etcdutl.run(
            program, f"snapshot restore s.db --data-dir r {etcdutl.CLUSTER}", files)
        assert status == 0, errors
        restored[name] = bolt.read(files / "r/member/snap/db")
        kinds = {path.relative_to(files / "r").as_posix(): path.stat().st_mode
                 for path in (files / "r").rglob("*")}
        restored[name]["files"] = kinds
    theirs, ours = restored["theirs"], restored["ours"]
    # 3.5.1 writes it when a member starts.
    ours[b"meta"].pop(b"confState", None)
    theirs[b"meta"].pop(b"confState", None)
    assert theirs == ours


# Clusters of three, with TLS

class Restored(Cluster):
    """A cluster with TLS on every wire whose members are restored from a snapshot."""

    def __init__(self, directory, kind, certificates):
        flags = server_flags(certificates["srv"], certificates.bundle) + peer_flags(
            certificates["peer"], certificates.bundle)
        super().__init__(directory, (kind,) * 3, flags, peer_tls=True,
                         tls=ClientTLS(certificates.bundle, certificates["cli"]))

    def restore(self, program, snapshot, *flags):
        for one in self:
            subprocess.run(
                [program, "snapshot", "restore", str(snapshot), "--data-dir", str(one.directory),
                 "--name", one.name, "--initial-cluster", one.initial_cluster,
                 "--initial-advertise-peer-urls", one.peer_url, "--initial-cluster-token",
                 self.directory.name, *flags], check=True, capture_output=True)
        return self.start()


@pytest.mark.parametrize("bump", [False, True])
def test_a_snapshot_goes_from_a_real_cluster_to_ours_and_back(
        tmp_path, snapshot, certificates, bump):
    flags = ["--bump-revision=1000", "--mark-compacted"] if bump else []
    clusters = []

    def restored(kind, program, file, *flags):
        cluster = Restored(tmp_path / f"{kind}{len(clusters)}", kind, certificates)
        clusters.append(cluster)
        return cluster.restore(program, file, *flags)

    try:
        ours = restored("ours", our_etcdutl(), snapshot, *flags)
        leader = ours.wait_leader()
        keys = pairs(leader)
        assert [key for key, _ in keys] == ["key0", "key1", "key3"]
        assert keys[-1] == ("key3", "a value of number 19")
        assert ours.revision() == (1022 if bump else 22)
        leader.etcdctl("put", "new", "value")
        back = tmp_path / "back.db"
        leader.etcdctl("snapshot", "save", str(back), program=our_etcdctl())
        expected = ours.same_hashes()
        ours.close()
        real = restored("real", real_etcdutl(), back)
        assert pairs(real.wait_leader()) == sorted([*keys, ("new", "value")])
        assert real.same_hashes() == expected
        real.wait_leader().etcdctl("put", "newer", "value")
    finally:
        for cluster in clusters:
            cluster.close()


def pairs(member):
    response = member.stub("KV").Range(
        api.rpc.RangeRequest(key=b"\0", range_end=b"\0"), timeout=20)
    return sorted((pair.key.decode(), pair.value.decode()) for pair in response.kvs)


# Large files

LARGE_BYTES = 300_000_000
MEMORY_BYTES_MAX = 100 << 20


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A snapshot of 300 MB, most of it values of several pages."""
    directory = tmp_path_factory.mktemp("large")
    member = real_member(
        directory / "real.etcd", "--quota-backend-bytes=8589934592",
        "--unsafe-no-fsync").start()
    value = os.urandom(500_000)
    load.fill(member.endpoint, ((b"large/%d" % n, value) for n in range(LARGE_BYTES // 500_000)),
              size=2)
    load.fill(member.endpoint, ((b"small/%d" % n, b"v") for n in range(100_000)), size=128)
    path = directory / "s.db"
    member.etcdctl("snapshot", "save", str(path))
    member.close()
    shutil.rmtree(member.directory)
    yield path
    path.unlink()


# Prints what a command printed, and how much memory it had at most, in KiB. Its memory counts from
# the fork on, so the one who forks must be small: not the interpreter that runs these tests.
PEAK = """
import resource, subprocess, sys
output = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE).stdout
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.stdout.flush()
sys.stdout.buffer.write(output)
"""


def peak_of(arguments, directory):
    """Runs ours; returns its output and the most memory it had, with pages of mapped files."""
    output = subprocess.run(
        [sys.executable, "-c", PEAK, our_etcdutl(), *arguments], cwd=directory, check=True,
        stdout=subprocess.PIPE, text=True).stdout
    peak, text = output.split("\n", 1)
    return text, int(peak) * 1024


def test_memory_is_bounded_whatever_the_size_of_the_file(large, tmp_path):
    text, peak = peak_of(["snapshot", "status", str(large), "-w", "json"], tmp_path)
    status = json.loads(text)
    assert status["totalKey"] == LARGE_BYTES // 500_000 + 100_000
    assert status["totalSize"] > LARGE_BYTES
    assert peak < MEMORY_BYTES_MAX, peak
    for arguments in (["snapshot", "restore", str(large), "--data-dir", "r"],
                      ["hashkv", "r/member/snap/db"], ["defrag", "--data-dir", "r"]):
        _, peak = peak_of(arguments, tmp_path)
        assert peak < MEMORY_BYTES_MAX, (arguments, peak)
    shutil.rmtree(tmp_path / "r")


@pytest.mark.parametrize("wal", [(), ("--wal-dir", "logs/wal")])
def test_an_interrupted_restore_leaves_no_member_and_can_be_repeated(large, tmp_path, wal):
    line = [our_etcdutl(), "snapshot", "restore", str(large), "--data-dir", "r", *wal]
    # Killed when so many files are there, from the first to the last one. On a busy machine it is
    # over before this process sees so many files: then once more.
    interrupted = 0
    for count in [*range(1, 12)] * 5:
        process = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(files_of(tmp_path)) < count:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT if count % 2 else signal.SIGKILL)
        if process.wait() == 0:
            if interrupted >= 3:
                break
            shutil.rmtree(tmp_path / "r")
            shutil.rmtree(tmp_path / "logs", ignore_errors=True)
            continue
        interrupted += 1
        if (tmp_path / "r/member").exists():
            # Only what is complete has its name; the end of the restore was interrupted.
            break
    assert interrupted >= 3
    if not (tmp_path / "r/member").exists():
        subprocess.run(line, cwd=tmp_path, check=True, capture_output=True)
    names = {path.relative_to(tmp_path).as_posix() for path in files_of(tmp_path)}
    names.discard("r/restoring")
    log = "logs/wal" if wal else "r/member/wal"
    assert names == {
        "r/member/snap/db", "r/member/snap/0000000000000001-0000000000000001.snap",
        f"{log}/0000000000000000-0000000000000000.wal"}
    check = subprocess.run(
        [our_etcdutl(), "check", "--data-dir", "r", *wal], cwd=tmp_path, capture_output=True,
        text=True)
    assert check.stdout == "database and log are sound\n"


def files_of(directory):
    """The files of a directory in which a restore may move and remove others meanwhile."""
    return [pathlib.Path(folder, name)
            for folder, _, names in os.walk(directory) for name in names]


def test_two_restores_do_not_share_a_directory(large, tmp_path):
    line = [our_etcdutl(), "snapshot", "restore", str(large), "--data-dir", "r"]
    first = None
    while first is None or first.poll() is not None:
        # Once more if it was over before this process saw it.
        shutil.rmtree(tmp_path / "r", ignore_errors=True)
        first = subprocess.Popen(line, cwd=tmp_path, stderr=subprocess.DEVNULL)
        while first.poll() is None and not (tmp_path / "r/member.part").exists():
            time.sleep(0.001)
        assert first.poll() in (None, 0)
    first.send_signal(signal.SIGSTOP)
    second = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert second.stderr == 'Error: data-dir "r" not empty or could not be read\n'
    first.send_signal(signal.SIGCONT)
    assert first.wait() == 0
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["member"]


def on_a_terminal(line, directory, *outputs):
    """What a tool that succeeds writes to a terminal, which these of its outputs are."""
    controlling, terminal = pty.openpty()
    process = subprocess.Popen(line, cwd=directory, **dict.fromkeys(outputs, terminal))
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(controlling, 65536):
            shown += chunk
    except OSError:  # The end of a terminal.
        pass
    os.close(controlling)
    assert process.wait() == 0
    return shown


def test_progress_is_shown_on_a_terminal_only(large, tmp_path):
    line = [our_etcdutl(), "snapshot", "restore", str(large), "--data-dir"]
    shown = on_a_terminal([*line, "r1"], tmp_path, "stderr")
    assert b"\rcopying: " in shown and b"(100%)" in shown
    plain = subprocess.run([*line, "r2"], cwd=tmp_path, capture_output=True).stderr
    assert b"copying" not in plain


@pytest.mark.parametrize("words", [["snapshot", "status"], ["hashkv"]])
def test_a_terminal_shows_no_more_of_short_work_than_its_report(snapshot, tmp_path, words):
    line = [our_etcdutl(), *words, str(snapshot), "-w=json"]
    report = subprocess.run(line, capture_output=True, check=True).stdout
    shown = on_a_terminal(line, tmp_path, "stdout", "stderr")
    assert shown == report.replace(b"\n", b"\r\n")


def test_a_locked_database_is_waited_for(start, tmp_path):
    member = start(real=True)
    database = member.directory / "member/snap/db"
    result = subprocess.run(
        [our_etcdutl(), "snapshot", "status", str(database), "--timeout=100ms"],
        capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, "Error: timeout\n")
    waiting = subprocess.Popen(
        [our_etcdutl(), "snapshot", "status", str(database), "--timeout=0", "-w=json"],
        stdout=subprocess.PIPE, text=True)
    time.sleep(0.2)
    assert waiting.poll() is None
    member.stop()
    assert json.loads(waiting.communicate(timeout=60)[0])["totalKey"] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_names_commands_and_flags(shell):
    script = subprocess.run(
        [our_etcdutl(), "completion", shell], capture_output=True, text=True, check=True).stdout
    for word in ("snapshot", "restore", "bump-revision", "hashkv", "etcdutl"):
        assert word in script
    if shell == "bash":
        completed = subprocess.run(
            ["bash", "-c", script + "\nCOMP_WORDS=(etcdutl snapshot re) COMP_CWORD=2\n_etcdutl\n"
             "echo ${COMPREPLY[@]}"], capture_output=True, text=True, check=True)
        assert completed.stdout == "restore\n"
