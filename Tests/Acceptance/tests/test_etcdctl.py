"""Unmodified etcdctl 3.5.1 prints the same with a real etcd and with swift-etcd.

acceptance/transcripts.py describes the scripts.
"""
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time

import pytest

from acceptance.members import tool
from acceptance.transcripts import play

SCRIPTS = {
    "put": """
        put a 1
        put a 2 --prev-kv
        put a 3 --prev-kv -w json
        put a 4 --prev-kv -w fields
        put b 1 --prev-kv -w json
        put a 5 -w table
        put from-stdin <<< many words\\nand lines
        get from-stdin
        put -- -dash value
        get -- -dash
        put key ""
        get key -w json
        put "" value
        put umlaut "äöü ✓"
        get umlaut
        get umlaut --hex
    """,
    "put and leases": """
        lease grant 600
        put a 1 --lease={lease}
        get a -w fields
        put a --ignore-value
        get a -w fields
        put a --ignore-value --lease={lease}
        put a 2 --ignore-lease
        get a -w fields
        put a 3
        get a -w fields
        put missing --ignore-value
        put missing 1 --ignore-lease
        put a 1 --lease=1234
        put a 1 --lease=zz
    """,
    "get": """
        put k/1 one
        put k/2 two
        put k/3 three
        put k/2 zwei
        put l other
        get k/1
        get k/ --prefix
        get k/1 k/3
        get k/2 --from-key
        get "" --prefix
        get "" --from-key --limit 2
        get k/ --prefix --limit 2
        get k/ --prefix --limit 2 -w json
        get k/ --prefix --limit 3 -w fields
        get k/2 --rev 3
        get k/2 --rev 5 -w json
        get k/ --prefix --rev 2
        get k/ --prefix --rev 99
        get k/ --prefix --keys-only
        get k/ --prefix --keys-only -w json
        get k/ --prefix --count-only -w fields
        get k/ --prefix --count-only
        get k/ --prefix --print-value-only
        get k/ --prefix --print-value-only -w json
        get k/1 --consistency=l
        get k/1 --consistency=s
        get k/1 --consistency=x
        get k/1 --hex
        get missing
        get missing -w json
        get missing -w fields
        get k/1 -w nothing
        get k --prefix --from-key
        get
    """,
    "get in other orders": """
        put k/1 c
        put k/2 a
        put k/3 b
        put k/1 d
        get k/ --prefix --order=DESCEND
        get k/ --prefix --order=ASCEND
        get k/ --prefix --sort-by=KEY --order=DESCEND
        get k/ --prefix --sort-by=VALUE
        get k/ --prefix --sort-by=VALUE --order=DESCEND --limit 2
        get k/ --prefix --sort-by=CREATE --order=DESCEND
        get k/ --prefix --sort-by=MODIFY
        get k/ --prefix --sort-by=MODIFY --order=DESCEND --keys-only
        get k/ --prefix --sort-by=VERSION --order=DESCEND --limit 1
        get k/ --prefix --sort-by=VALUE --limit 1 -w json
        get k/ --prefix --sort-by=NOTHING
        get k/ --prefix --order=SOMEHOW
    """,
    "del": """
        put d/1 one
        put d/2 two
        put d/3 three
        put e/1 x
        put f y
        del d/1
        del d/1
        del d/2 --prev-kv
        put d/4 four
        del d/ --prefix --prev-kv -w json
        put d/1 eins
        del d/1 --prev-kv -w fields
        del d/1 -w json
        put d/1 uno
        put d/2 due
        put d/3 tre
        del d/1 d/3 --range
        del e --from-key --prev-kv
        get "" --prefix
        del ""
        del a --prefix --from-key
    """,
    "txn": """
        put a 1
        put b 2
        txn <<< mod("a") > "0"\\n\\nput c 3\\nget a\\ndel b\\n\\nput z never\\n\\n
        txn <<< value("a") = "nope"\\n\\nput z never\\n\\nget a\\nput d "v 4"\\n\\n
        txn <<< create("new") = "0"\\nversion("a") = "1"\\n\\nput new 5\\n\\n\\n
        txn -w json <<< mod("a") > "0"\\n\\nput c 6\\nget "" --prefix\\ndel c\\n\\n\\n
        txn -w json <<< mod("a") > "0"\\n\\nget c --rev=3\\nget a\\n\\n\\n
        txn -w fields <<< val("a") < "2"\\n\\nput c 7\\nget a\\ndel nothing\\n\\n\\n
        txn -i <<< ver("a") > "0"\\n\\nput a1 1\\nget a1\\n\\n\\n
        txn <<< \\n\\n\\n
        txn <<< \\nput a1 1\\nput a1 2\\n\\n\\n
        txn <<< \\nput a1 1\\ndel a --prefix\\n\\n\\n
        txn <<< bogus\\n\\n\\n\\n
        get "" --prefix -w json
    """,
    "lease": """
        lease grant 600
        lease timetolive {lease}
        put l/1 x --lease={lease}
        lease timetolive {lease} --keys
        put l/2 x --lease={lease}
        lease keep-alive --once {lease}
        lease list
        lease grant 0
        lease grant 9000000001
        lease grant x
        lease timetolive 1234
        lease timetolive 1234 -w json
        lease timetolive zz
        lease revoke 1234
        lease keep-alive --once 1234
        lease grant 1000 -w json
        lease grant 500
        put l/3 x --lease={lease}
        lease revoke {lease}
        get l/ --prefix
        lease timetolive {lease}
        get l/ --prefix --rev 4
        get l/ --prefix -w json
    """,
    "compaction": """
        put a 1
        put a 2
        put a 3
        put b 1
        del b
        compaction 99
        compaction 4
        compaction 4
        compaction 0
        get a --rev 3
        get a --rev 4
        get a
        compaction 6 --physical
        get b --rev 6
        put a 4
        compaction x
        defrag
        get "" --prefix -w json
        endpoint hashkv -w json
        endpoint hashkv --rev 7 -w json
        endpoint hashkv --rev 3
        endpoint hashkv
    """,
    "alarms and members": """
        alarm list
        alarm disarm
        member list
        member list -w json
        member list -w fields
        endpoint health -w json
        endpoint health
        endpoint health --cluster -w json
    """,
    "environment and usage": """
        version
        nonsense
        put
        get a b c d --nonsense
    """,
    "move-leader to an unknown member": """
        move-leader 1234
        move-leader zz
    """,
    "users and roles that are not enabled": """
        auth status
        auth status -w json
    """,
}

@pytest.mark.parametrize("name", SCRIPTS)
def test_prints_the_same_as_with_a_real_etcd(start, name):
    real, ours = start(real=True), start()
    actual = play(ours, SCRIPTS[name])
    for expected, got in zip(play(real, SCRIPTS[name]), actual):
        assert got == expected


def restore_interrupts():
    """A shell that runs the tests in the background makes them ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Background:
    """An etcdctl in the background; its output is queued line by line."""

    def __init__(self, member, *arguments, input=None):
        self.process = subprocess.Popen(
            [tool("etcdctl"), "--endpoints", member.endpoint, *arguments], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3"}, preexec_fn=restore_interrupts)
        if input is not None:
            self.process.stdin.write(input)
            self.process.stdin.flush()
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def take(self, count, seconds=60):
        end = time.monotonic() + seconds
        taken = []
        while len(taken) < count:
            try:
                taken.append(self.lines.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"expected {count} lines, received {taken}") from None
        return taken

    def take_until(self, last, seconds=60):
        taken = self.take(1, seconds)
        while taken[-1] != last:
            taken += self.take(1, seconds)
        return taken

    def is_silent(self, seconds=0.5):
        time.sleep(seconds)
        return self.lines.empty() and self.process.poll() is None

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def history(member):
    for command in ("put w a", "put w b", "put other x", "del w", "put w c", "put w/sub d",
                    "put w end"):
        member.etcdctl(*command.split())


@pytest.mark.parametrize("arguments", [
    ["w", "--rev=1"], ["w", "--rev=3", "--prev-kv"], ["w", "--rev=1", "--prefix"],
    ["w", "x", "--rev=1"], ["w", "--rev=2", "--prev-kv", "--prefix", "--progress-notify"],
], ids=" ".join)
def test_watch_of_the_history_is_the_same_as_with_a_real_etcd(start, arguments):
    seen = []
    for one in (start(real=True), start()):
        history(one)
        with Background(one, "watch", *arguments) as watch:
            seen.append(watch.take_until("end"))
    assert seen[1] == seen[0]


def test_watch_prints_new_events(start):
    member = start()
    with Background(member, "watch", "w", "--prev-kv") as watch:
        wait_for_watchers(member, 1)
        for command in ("put w a", "put w b", "del w"):
            member.etcdctl(*command.split())
        assert watch.take(4 + 7) == ["PUT", "w", "a", "PUT", "w", "a", "w", "b",
                                     "DELETE", "w", "b"]


def wait_for_watchers(member, count):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        _, text = member.get("/metrics")
        found = re.search(r"^etcd_debugging_mvcc_watcher_total (\S+)", text, re.MULTILINE)
        if found and float(found.group(1)) >= count:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {count} watchers after 60 s")


def test_watch_resumes_after_a_restart_without_a_gap(start):
    member = start()
    with Background(member, "watch", "w", "--prefix") as watch:
        wait_for_watchers(member, 1)
        member.etcdctl("put", "w/1", "a")
        assert watch.take(3) == ["PUT", "w/1", "a"]
        member.etcdctl("put", "w/2", "b")
        member.kill()
        member.start()
        member.etcdctl("put", "w/3", "c")
        member.etcdctl("del", "w/2")
        lines = [line for line in watch.take_until("DELETE")
                 if not line.startswith('{"level"')]
        assert lines == ["PUT", "w/2", "b", "PUT", "w/3", "c", "DELETE"]


def test_interactive_watch_holds_several_watchers(start):
    member = start()
    with Background(member, "watch", "-i", input="watch a\nwatch b --prefix\nprogress\n") as watch:
        wait_for_watchers(member, 2)
        member.etcdctl("put", "a", "1")
        member.etcdctl("put", "unwatched", "1")
        member.etcdctl("put", "b/1", "2")
        lines = [line for line in watch.take_until("2") if not line.startswith("progress notify")]
        assert lines == ["PUT", "a", "1", "PUT", "b/1", "2"]


def test_watch_of_a_compacted_revision_is_cancelled_with_the_compact_revision(start):
    member = start()
    history(member)
    member.etcdctl("compaction", "6")
    with Background(member, "watch", "w", "--rev=2") as watch:
        text = " ".join(watch.take(1))
        assert "watch was canceled (etcdserver: mvcc: required revision has been compacted)" in text
        assert watch.process.wait(60) == 5 or watch.process.returncode == 0


def test_watch_runs_a_command_for_each_event(start):
    member = start()
    member.etcdctl("put", "w", "a")
    with Background(
            member, "watch", "w", "--rev=1", "--", "sh", "-c",
            "echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE $ETCD_WATCH_REVISION",
    ) as watch:
        assert '"PUT" "w" "a" 2' in watch.take(4)


def test_lock_is_held_by_one_at_a_time(start):
    member = start()
    with Background(member, "lock", "name") as first:
        key = first.take(1)[0]
        assert re.fullmatch("name/[0-9a-f]+", key)
        with Background(member, "lock", "name") as second:
            assert second.is_silent()
            assert first.interrupt() == 0
            assert second.take(1)[0] != key
            second.interrupt()


def test_lock_runs_a_command_and_returns_its_failure(start):
    member = start()
    assert member.etcdctl("lock", "name", "echo", "hello").stdout == "hello\n"
    assert member.etcdctl("lock", "name", "false", check=False).returncode != 0
    assert member.etcdctl("get", "", "--prefix").stdout == ""


def test_another_candidate_is_elected_when_the_winner_leaves(start):
    member = start()
    with Background(member, "elect", "e", "one") as first:
        assert first.take(2)[1] == "one"
        with Background(member, "elect", "-l", "e") as observer, \
                Background(member, "elect", "e", "two") as second:
            assert observer.take(2)[1] == "one"
            assert second.is_silent()
            first.interrupt()
            assert second.take(2)[1] == "two"
            assert "two" in observer.take(2)
            second.interrupt()


def test_lease_is_kept_alive_until_interrupted(start):
    member = start()
    # Renewed after a third of its TTL, it would have ended before the last of these lines.
    lease = member.etcdctl("lease", "grant", "3").stdout.split()[1]
    with Background(member, "lease", "keep-alive", lease) as keeper:
        line = f"lease {lease} keepalived with TTL(3)"
        assert keeper.take(5) == [line] * 5
        keeper.interrupt()


def test_endpoint_status_of_the_member(start):
    member = start()
    member.etcdctl("put", "a", "1")
    status = json.loads(member.etcdctl("endpoint", "status", "-w", "json").stdout)[0]
    assert status["Endpoint"] == member.endpoint
    details = status["Status"]
    assert details["leader"] == details["header"]["member_id"] != 0
    assert details["header"]["revision"] == 2
    assert details["raftTerm"] == details["header"]["raft_term"] >= 2
    assert details["raftIndex"] >= details["raftAppliedIndex"] >= 4
    assert details["dbSize"] >= details["dbSizeInUse"] > 0
    _, version = member.get("/version")
    assert details["version"] == json.loads(version)["etcdserver"]


def test_endpoint_status_table_has_one_row(start):
    member = start()
    lines = member.etcdctl("endpoint", "status", "-w", "table").stdout.splitlines()
    assert len(lines) == 5 and member.endpoint in lines[3]
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert cells[4:6] == ["true", "false"], "is a leader, is no learner"


def test_endpoint_health_of_a_dead_member(start):
    member = start()
    member.stop()
    result = member.etcdctl("--command-timeout=1s", "endpoint", "health", check=False)
    assert result.returncode == 1 and "is unhealthy" in result.stderr


def test_snapshot_is_saved_and_has_its_size(start, tmp_path):
    member = start()
    for number in range(50):
        member.etcdctl("put", f"k{number}", "x" * 1000)
    path = tmp_path / "snapshot.db"
    assert f"Snapshot saved at {path}" in member.etcdctl("snapshot", "save", str(path)).stdout
    status = json.loads(member.etcdctl("snapshot", "status", str(path), "-w", "json").stdout)
    assert status["revision"] == 51
    assert status["totalKey"] >= 50


def test_make_mirror_copies_the_keys(start):
    source, target = start(), start()
    for number in range(5):
        source.etcdctl("put", f"k{number}", str(number))
    with Background(source, "make-mirror", target.endpoint):
        end = time.monotonic() + 60
        while target.etcdctl("get", "k", "--prefix").stdout.count("\n") < 10:
            assert time.monotonic() < end
            time.sleep(0.05)
        source.etcdctl("put", "later", "x")
        while not target.etcdctl("get", "later").stdout:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_check_datascale_cleans_up(start, long):
    if not long:
        pytest.skip("only with --long")
    member = start()
    result = member.etcdctl("check", "datascale", "--load=s", timeout=180)
    assert "PASS" in result.stdout


def test_check_perf_has_no_failed_calls(start, long):
    """Load s aims at 150 puts/s, too many for a busy test machine: only errors count."""
    if not long:
        pytest.skip("only with --long")
    result = start().etcdctl("check", "perf", "--load=s", check=False, timeout=180)
    assert "PASS: Throughput" in result.stdout, result.stdout
