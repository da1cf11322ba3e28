"""What our etcdctl does over time: watches, locks, mirrors, checks, snapshots, timeouts."""
import base64
import functools
import inspect
import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

import test_etcdctl
from acceptance import api, members
from acceptance.cluster import Cluster, metric, until
from acceptance.command_lines import play_together
from acceptance.members import our_etcdctl, tool
from acceptance.secure import ClientTLS, server_flags

BEHAVIOURS = [
    test_etcdctl.test_watch_prints_new_events,
    test_etcdctl.test_watch_resumes_after_a_restart_without_a_gap,
    test_etcdctl.test_interactive_watch_holds_several_watchers,
    test_etcdctl.test_watch_of_a_compacted_revision_is_cancelled_with_the_compact_revision,
    test_etcdctl.test_watch_runs_a_command_for_each_event,
    test_etcdctl.test_lock_is_held_by_one_at_a_time,
    test_etcdctl.test_lock_runs_a_command_and_returns_its_failure,
    test_etcdctl.test_another_candidate_is_elected_when_the_winner_leaves,
    test_etcdctl.test_lease_is_kept_alive_until_interrupted,
    test_etcdctl.test_endpoint_health_of_a_dead_member,
    test_etcdctl.test_make_mirror_copies_the_keys,
]


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda test: test.__name__[5:])
def test_behaves_as_the_etcdctl_of_etcd(start, monkeypatch, behaviour):
    def program(name):
        return our_etcdctl() if name == "etcdctl" else tool(name)

    monkeypatch.setattr(members, "tool", program)
    monkeypatch.setattr(test_etcdctl, "tool", program)
    assert list(inspect.signature(behaviour).parameters) == ["start"]
    behaviour(start)


def popen(program, *arguments, **options):
    return subprocess.Popen(
        [program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={"PATH": os.environ["PATH"]},
        preexec_fn=test_etcdctl.restore_interrupts, **options)


# Snapshots

def test_snapshot_save_writes_a_database_that_opens(start, tmp_path):
    member = start()
    for number in range(50):
        member.etcdctl("put", f"k{number}", "x" * 1000)
    path = tmp_path / "snapshot.db"
    saved = member.etcdctl("snapshot", "save", str(path), program=our_etcdctl())
    assert saved.stdout == f"Snapshot saved at {path}\nServer version 3.7.0\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.with_suffix(".db.part").exists()
    status = json.loads(member.etcdctl("snapshot", "status", str(path), "-w", "json").stdout)
    assert status["revision"] == 51 and status["totalKey"] >= 50


def test_an_interrupted_snapshot_leaves_no_file(start, tmp_path):
    member = start()
    member.stop()
    failed = member.etcdctl(
        "--command-timeout=1s", "snapshot", "save", str(tmp_path / "s.db"), check=False,
        program=our_etcdctl())
    assert (failed.returncode, failed.stderr) == (5, "Error: context deadline exceeded\n")
    assert list(tmp_path.glob("s.db*")) == []


# Terminals

def on_a_terminal(arguments, seconds=1.0, done=lambda text: False):
    """Runs our etcdctl with a terminal as its standard error; returns both outputs and the status.

    After some seconds, or when the terminal shows what is waited for, it is interrupted.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [our_etcdctl(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=slave, preexec_fn=test_etcdctl.restore_interrupts)
    os.close(slave)
    os.set_blocking(master, False)
    shown, end = b"", time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end and not done(shown):
        shown += readable(master)
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    shown += readable(master)
    os.close(master)
    return output.decode(), shown.decode(), process.returncode


def readable(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A member with 300 keys of 50 kB."""
    one = members.our_member(tmp_path_factory.mktemp("filled") / "ours.etcd").start()
    with one.connect() as channel:
        stub = api.stub(channel, "KV")
        for number in range(300):
            stub.Put(api.rpc.PutRequest(key=b"k%d" % number, value=os.urandom(50_000)))
    yield one
    one.close()


def test_a_terminal_shows_the_progress_of_a_snapshot(filled, tmp_path):
    path = tmp_path / "snapshot.db"
    arguments = ["--endpoints", filled.endpoint, "snapshot", "save", str(path)]
    output, shown, status = on_a_terminal(arguments, 60)
    assert status == 0 and output.startswith(f"Snapshot saved at {path}\n")
    assert re.search(r"\rsnapshot: \d+\S* [kM]B of 1[0-9] MB \(\d+%\)\x1b\[K", shown)
    assert shown.endswith("\r\x1b[K"), "the line is removed at the end"


def test_a_terminal_shows_the_progress_of_a_mirror(filled, start):
    target = start()
    output, shown, _ = on_a_terminal(
        ["--endpoints", filled.endpoint, "make-mirror", target.endpoint], 60,
        done=lambda text: text.count(b" keys") > 1)
    assert re.search(r"\rmake-mirror: \d+ keys\x1b\[K", shown) and output == ""


def test_a_terminal_shows_the_progress_of_checks(start):
    member = start()
    for check in ("perf", "datascale"):
        _, shown, _ = on_a_terminal(
            ["--endpoints", member.endpoint, "check", check], 60,
            done=lambda text: text.count(b" writes") > 1)
        assert re.search(rf"\rcheck {check}: \d+ of \d+ writes \(\d+%\)\x1b\[K", shown)


def test_without_a_terminal_there_is_no_progress(filled, start, tmp_path):
    run = filled.etcdctl("snapshot", "save", str(tmp_path / "s.db"), program=our_etcdctl())
    assert run.stderr == ""
    mirror = popen(our_etcdctl(), "--endpoints", filled.endpoint, "make-mirror", start().endpoint)
    time.sleep(1)
    mirror.send_signal(signal.SIGINT)
    assert mirror.communicate(timeout=60) == ("", "")


def test_a_terminal_does_not_show_passwords(start):
    member = start()
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [our_etcdctl(), "--endpoints", member.endpoint, "user", "add", "ann"], stdin=slave,
        stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    for prompt in (b"Password of ann: ", b"Type password of ann again for confirmation: "):
        while not shown.endswith(prompt):
            shown += os.read(master, 4096)
        os.write(master, b"secret\n")
    assert process.wait(60) == 0
    shown += readable(master)
    os.close(master)
    assert b"secret" not in shown and b"User ann created" in shown


# Checks

def test_check_perf_is_ended_by_an_interrupt(start):
    """It reports what was written until then, and removes its keys."""
    results = play_together([functools.partial(interrupted_check, program, start(real=True))
                             for program in (tool("etcdctl"), our_etcdctl())])
    assert results[0] == results[1] == ["Throughput", "Slowest", "Stddev"]


def count(member):
    fields = member.etcdctl("get", "", "--prefix", "--count-only", "-w", "fields").stdout
    return int(re.search(r'"Count" : (\d+)', fields)[1])


def interrupted_check(program, member):
    process = popen(program, "--endpoints", member.endpoint, "check", "perf")
    until(lambda: count(member) > 0, 50, "written keys")
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert count(member) == 0
    # What is good enough depends on the machine; 3.5.1 prints its progress here too.
    assert process.returncode == (0 if output.endswith("\nPASS\n") else 1)
    return re.findall(r"(Throughput|Slowest|Stddev) .*\d(?:s| writes/s)\n", output)


def test_checks_need_an_empty_prefix(start):
    member = start()
    for check in ("perf", "datascale"):
        member.etcdctl("put", f"/etcdctl-check-{check}/x", "1")
        refused = [member.etcdctl("check", check, check=False, program=program)
                   for program in (tool("etcdctl"), our_etcdctl())]
        assert refused[0].returncode == refused[1].returncode == 3
        assert refused[0].stderr == refused[1].stderr


def test_check_datascale(start):
    member = start()
    result = member.etcdctl(
        "check", "datascale", "--auto-compact", "--auto-defrag", timeout=120,
        program=our_etcdctl())
    assert re.fullmatch(
        r"Start data scale check for work load \[10000 key-value pairs, 1024 bytes per key-value, "
        r"50 concurrent clients\]\.\nCompacting with revision 10002\n"
        r"Compacted with revision 10002\nDefragmenting \"(\S+)\"\nDefragmented \"\1\"\n"
        r"PASS: Approximate system memory used : -?\d+\.\d\d MB\.\n", result.stdout)
    assert count(member) == 0


# Mirrors: the flags, what the source has, and what the destination gets.
MIRRORS = {
    "": {"a/1": "1", "a/2": "3", "b": "4"},
    "--prefix a/": {"a/1": "1", "a/2": "3"},
    "--prefix a/ --dest-prefix c/": {"c/1": "1", "c/2": "3"},
    "--prefix a/ --no-dest-prefix": {"1": "1", "2": "3"},
    "--dest-prefix z": {"za/1": "1", "za/2": "3", "zb": "4"},
    "--rev 1": {"a/1": "1", "a/2": "3", "b": "4"},
    "--rev 3 --max-txn-ops 1": {"a/2": "3", "b": "4"},
    "--prefix a/ --rev 3 --no-dest-prefix": {"2": "3"},
}


def pairs(member):
    listed = json.loads(member.etcdctl("get", "", "--prefix", "-w", "json").stdout)
    return {base64.b64decode(pair["key"]).decode(): base64.b64decode(pair["value"]).decode()
            for pair in listed.get("kvs", [])}


def mirrored(program, source, target, flags, expected):
    """Mirrors into the target until that has what is expected, also after a change."""
    target.etcdctl("del", "", "--prefix")
    process = popen(program, "--endpoints", source.endpoint, "make-mirror", *flags.split(),
                    target.endpoint)
    try:
        until(lambda: pairs(target) == expected, 60, f"a mirror with {flags}")
        return process.poll()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_mirrors_are_those_of_the_etcdctl_of_etcd(start):
    source, ours, theirs = start(), start(), start()
    for line in ("put a/1 1", "put a/2 2", "put a/2 3", "put b 4"):
        source.etcdctl(*line.split())
    for flags, expected in MIRRORS.items():
        # 3.5.1 has no --rev.
        programs = [(our_etcdctl(), ours), (tool("etcdctl"), theirs)]
        if "--rev" in flags:
            programs.pop()
        play_together([
            functools.partial(mirrored, program, source, target, flags, expected)
            for program, target in programs])


def test_a_mirror_into_a_cluster_with_tls_and_users(start, certificates):
    ca, client = certificates.ca.path, certificates["cli"]
    source = start()
    target = start(*server_flags(certificates["srv"], ca), tls=ClientTLS(ca, client))
    source.etcdctl("put", "a", "1")
    for line in ("user add root:rp", "auth enable"):
        target.etcdctl(*line.split(), program=our_etcdctl())
    process = popen(
        our_etcdctl(), "--endpoints", source.endpoint, "make-mirror", "--dest-cacert", str(ca),
        "--dest-cert", str(client.certificate), "--dest-key", str(client.key),
        "--dest-insecure-transport=false", "--dest-user", "root", "--dest-password", "rp",
        target.endpoint)
    try:
        until(lambda: target.etcdctl("--user", "root:rp", "get", "a").stdout == "a\n1\n", 60,
              "the key in the destination")
    finally:
        process.kill()
        process.communicate()


# Timeouts

def test_calls_end_after_the_timeout_of_commands(start):
    """Without any endpoint, and with one that takes connections and is silent."""
    member = start()
    member.freeze()
    try:
        for endpoint in ("127.0.0.1:1", member.endpoint):
            begin = time.monotonic()
            run = subprocess.run(
                [our_etcdctl(), "--endpoints", endpoint, "--command-timeout=700ms", "get", "a"],
                capture_output=True, text=True, timeout=20)
            assert (run.returncode, run.stderr) == (1, "Error: context deadline exceeded\n")
            assert 0.6 < time.monotonic() - begin < 5
    finally:
        member.resume()


def test_another_endpoint_is_used_when_one_is_silent(start):
    frozen, member = start(), start()
    member.etcdctl("put", "a", "1")
    frozen.freeze()
    try:
        run = subprocess.run(
            [our_etcdctl(), "--endpoints", f"{frozen.endpoint},{member.endpoint}",
             "--dial-timeout=500ms", "get", "a"], capture_output=True, text=True, timeout=20)
        assert (run.returncode, run.stdout) == (0, "a\n1\n")
    finally:
        frozen.resume()


def test_a_watch_leaves_a_member_that_is_silent(tmp_path):
    """After `--keepalive-time` and `--keepalive-timeout` it goes on with another member."""
    cluster = Cluster(tmp_path / "cluster").start()
    followers = cluster.followers()
    process = popen(
        our_etcdctl(), "--endpoints", ",".join(one.endpoint for one in followers),
        "--keepalive-time=1s",
        "--keepalive-timeout=1s", "watch", "a", "--prefix")
    try:
        silent = until(lambda: watched(followers), 60, "the watcher")
        silent.freeze()
        rest = next(one for one in followers if one is not silent)
        rest.etcdctl("put", "a", "1")
        assert [process.stdout.readline() for _ in range(3)] == ["PUT\n", "a\n", "1\n"]
        silent.resume()
    finally:
        process.kill()
        process.communicate()
        cluster.close()


def watched(followers):
    return next((one for one in followers if metric(one, "etcd_debugging_mvcc_watcher_total")),
                None)


# Clusters

def test_commands_of_a_cluster(tmp_path):
    cluster = Cluster(tmp_path / "cluster").start()
    try:
        def run(*arguments, check=True):
            return cluster.wait_leader().etcdctl(
                *arguments, check=check, program=our_etcdctl())

        run("put", "a", "1")
        cluster.same_hashes()
        status = json.loads(run("endpoint", "status", "--cluster", "-w", "json").stdout)
        assert sorted(one["Status"]["header"]["member_id"] for one in status) == sorted(
            cluster.ids.values())
        hashes = json.loads(run("endpoint", "hashkv", "--cluster", "-w", "json").stdout)
        assert len({one["HashKV"]["hash"] for one in hashes}) == 1
        assert run("endpoint", "health", "--cluster").stdout.count("is healthy") == 3
        assert run("defrag", "--cluster").stdout.count("Finished defragmenting") == 3
        target = cluster.followers()[0]
        everyone = ",".join(one.endpoint for one in cluster)
        moved = run("--endpoints", everyone, "move-leader", target.hex_id).stdout
        assert moved.endswith(f" to {target.hex_id}\n")
        assert cluster.wait_leader() is target
        # Until all members have been connected for a while the cluster counts as unhealthy.
        added = until(
            lambda: run("member", "add", "new", "--learner", "--peer-urls=http://127.0.0.1:1",
                        check=False).stdout, 60, "an added member")
        new = re.match(r"Member +([0-9a-f]+) added as learner to cluster", added).group(1)
        assert 'ETCD_NAME="new"' in added and 'ETCD_INITIAL_CLUSTER_STATE="existing"' in added
        assert "new=http://127.0.0.1:1" in added
        refused = run("member", "promote", new, check=False)
        assert refused.returncode == 1 and "in sync with leader" in refused.stderr
        assert run("member", "list").stdout.count("\n") == 4
        run("member", "remove", new)
        assert run("member", "list").stdout.count("\n") == 3
    finally:
        cluster.close()
