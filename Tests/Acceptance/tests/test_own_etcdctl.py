"""Our etcdctl prints the same as etcd's: the same command lines against the same kind of server.

The recorded tool is 3.5.1 and ours is as 3.7.1; where these differ, `DIFFERENCES` says how. IDs and
times are masked.
"""
import functools
import inspect
import json
import re
import shlex
import subprocess

import pytest

import test_etcdctl
from acceptance import members
from acceptance.cluster import Cluster, started, until
from acceptance.members import our_etcdctl, tool
from acceptance.secure import ClientTLS, server_flags
from acceptance.transcripts import masked
from test_etcdctl import SCRIPTS

LINES = {
    "malformed flags": """
        get foo --bogus
        get -x
        get --rev
        get foo --rev=x
        get foo -w
        get foo --command-timeout=5
        get foo --command-timeout=x
        get foo --hex=maybe
        lease grant --bogus
        put foo --prefix
        --rev 3 get foo
        get foo --limit=99999999999999999999
    """,
    "unknown commands": """
        nosuch
        gte foo
        nosuch --hex
    """,
    "flags at any place": """
        put a 1
        -w json get a
        get -w=json a
        get -wjson a
        get a --hex -w simple
        --hex get a
        get --hex=true a
        get --hex=false a
        get --prefix -- a
        get a -- --prefix
        -w fields get a --rev 2
        get "a b" --prefix
        put -- --key --value
        get -- --key
        get --write-out json --prefix a
    """,
    "arguments": """
        put
        put a
        put a <<< from input
        get
        del
        txn argument
        compaction
        compaction 1 2
        compaction x
        lease grant
        lease grant x
        lease grant 1 2
        lease revoke
        lease revoke zz
        lease timetolive
        lease keep-alive
        member remove
        member remove zz
        member update zz
        member promote
        member add x
        move-leader
        move-leader zz
        snapshot save
        elect
        elect e
        elect -l e v
        lock
        auth enable now
        auth disable now
        alarm list now
        alarm disarm now
        user add
        user delete
        user get
        user list now
        user passwd
        user grant-role a
        user revoke-role a
        role add
        role delete
        role get
        role list now
        role grant-permission r
        role grant-permission r nothing k
        role revoke-permission r
        make-mirror
        make-mirror a b
        get a b --prefix
        put a b --ignore-value
        get a --keys-only --count-only
        watch
        watch a --
        watch a b --prefix
    """,
    "formats": """
        put f/1 one
        put f/2 "zwei ä\\"\\\\"
        get f --prefix -w simple
        get f --prefix -w json
        get f --prefix -w fields
        get f --prefix -w table
        get f --prefix -w bogus
        put f/1 eins -w fields --prev-kv
        del f/1 --prev-kv -w fields
        member list
        member list -w json
        member list -w fields
        member list --hex -w json
        member list -w bogus
        alarm list -w json
        alarm list -w fields
        lease grant 100 -w json
        lease grant 100 -w fields
        lease list -w json
        lease list -w fields
        lease grant 100
        lease timetolive {lease} --keys -w json
        lease timetolive {lease} --keys -w fields
        lease keep-alive {lease} --once -w json
        lease keep-alive {lease} --once -w fields
        lease revoke {lease} -w json
    """,
    "users": """
        user add root:rp
        user add ann:ap
        user add ann:ap
        user add bob --new-user-password=bp
        user add eve --no-password
        user add :x
        user add tom --interactive=false <<< tp
        user list
        user list -w json
        user get ann
        user get nobody
        role add reader
        role add reader
        role add writer -w json
        role list
        role list -w json
        role grant-permission reader read a
        role grant-permission reader READ b c
        role grant-permission reader readwrite p --prefix
        role grant-permission reader write k --from-key
        role grant-permission reader read x --prefix --from-key
        role grant-permission reader read x y --prefix
        role grant-permission nosuch read a
        role get reader
        role get reader -w json
        role get reader -w fields
        role get nosuch
        user grant-role ann reader
        user grant-role ann nosuch
        user grant-role root root
        user get ann --detail
        user get ann -w json
        role revoke-permission reader a
        role revoke-permission reader a
        role revoke-permission reader b c
        role revoke-permission reader p --prefix
        role revoke-permission reader k --from-key
        role get reader
        user passwd ann --interactive=false <<< new
        auth status
        auth status -w json
        auth enable
        auth enable
        get a
        --user ann:new get a
        --user ann:wrong get a
        --user ann --password new get a
        --user ann:new put a 1
        --user root:rp put a 1
        --user root:rp role grant-permission reader read a
        --user ann:new get a
        --user ann:new user list
        --user nobody:x get a
        --user root:rp user revoke-role ann reader
        --user root:rp user delete ann
        --user root:rp role delete reader
        --user root:rp user delete root
        --user root:rp auth disable
        user list
    """,
    "transactions": """
        put k 1
        txn <<< ver("k") = "1"\\ncreate("k") > "0"\\nval("k") != "x"\\n\\nput l 2\\nget k\\n\\n\\n
        txn <<< \\nget k l\\nget k --prefix\\n\\n\\n
        txn <<< m("k") < "1"\\n\\n\\nput l "a b"\\ndel l\\n\\n
        txn <<< value("k\\\\x41") = "1"\\n\\n\\nget "l"\\n\\n
        txn <<< what("k") = "1"\\n\\n\\n\\n
        txn <<< ver("k") = "x"\\n\\n\\n\\n
        txn <<< ver(k) = "1"\\n\\n\\n\\n
        txn <<< ver("k")\\n\\n\\n\\n
        txn <<< \\nput onlykey\\n\\n\\n
        txn <<< \\nfoo bar\\n\\n\\n
        txn <<< \\n
        txn -i <<< ver("k") = "1"\\n\\nget k\\n\\n\\n
    """,
}


# What 3.7.1 prints where 3.5.1 prints this: command, stream, pattern, replacement.
NEWER = [
    ("version", 1, r"3\.5", "3.7"),
    ("member list -w fields", 1, r'"Revision" : 0\n', ""),
    ("member list --hex", 1, "clientURLS", "clientURLs"),
    ("defrag", 1, r"(?m)(member\[ADDRESS\])$", r"\1. took TIME"),
    # The server of 3.5.1 does not report the revision of a hash.
    ("endpoint hashkv", 1, r"\A(ADDRESS, \d+)\n\Z", r"\1, 0\n"),
    ("snapshot save", 2, "expects one argument", "expects one argument <filename>"),
    ("txn", 2, r'(invalid txn compare request: .* = "x")', r'\1 (strconv.ParseInt: parsing "x": '
     "invalid syntax)"),
]


def as_newer(line, status, output, errors):
    """What 3.7.1 prints where 3.5.1 prints this, by the contract."""
    for command, stream, pattern, replacement in NEWER:
        if line.startswith(command):
            if stream == 1:
                output = re.sub(pattern, replacement, output)
            else:
                errors = re.sub(pattern, replacement, errors)
    # Errors of the command line are printed once.
    errors = re.sub(r"\A(Error: [^\n]*\n\n)Error: [^\n]*\n\Z", r"\1", errors)
    before, usage, _ = errors.partition("Run 'etcdctl --help' for usage.\n")
    errors = before + usage
    # Most errors of arguments end without a full stop.
    errors = re.sub(r"(?m)^(Error: .*[a-z\]])\.$", r"\1", errors)
    return status, output, errors


def usage_shortened(output):
    """The usage of a command by its first lines: the descriptions are our own."""
    if not output.startswith("NAME:\n"):
        return output
    return re.sub(r" - .*", "", "\n".join(output.split("\n")[:2]))


def play(member, program, script):
    lease, transcript = "none", []
    for line in filter(None, map(str.strip, script.splitlines())):
        command, _, stdin = line.partition(" <<< ")
        arguments = [word.replace("{lease}", lease) for word in shlex.split(command)]
        if program != our_etcdctl() and "--range" in arguments:
            # 3.5.1 deletes a range at once.
            arguments.remove("--range")
        result = member.etcdctl(
            *arguments, check=False, input=stdin.replace("\\n", "\n"), timeout=30,
            program=program)
        granted = re.search(
            r"lease ([0-9a-f]{16}) granted with TTL\(\d+s\)$", result.stdout.strip())
        lease = granted.group(1) if granted else lease
        transcript.append(
            (line, result.returncode, usage_shortened(masked(result.stdout)),
             masked(result.stderr)))
    return transcript


ALL = {**SCRIPTS, **LINES}


@pytest.mark.parametrize("name", ALL)
def test_prints_the_same_as_the_etcdctl_of_etcd(start, name):
    expected = play(start(real=True), tool("etcdctl"), ALL[name])
    actual = play(start(real=True), our_etcdctl(), ALL[name])
    differences = [
        (line, as_newer(line, *theirs), tuple(ours))
        for (line, *theirs), (_, *ours) in zip(expected, actual)
        if tuple(ours) != as_newer(line, *theirs)]
    assert not differences, "\n\n".join(
        f"$ {line}\ntheirs {theirs}\nours   {ours}" for line, theirs, ours in differences)


# What runs in the background, or longer.
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


def test_snapshot_save_writes_a_database_that_opens(start, tmp_path):
    member = start()
    for number in range(50):
        member.etcdctl("put", f"k{number}", "x" * 1000)
    path = tmp_path / "snapshot.db"
    saved = member.etcdctl("snapshot", "save", str(path), program=our_etcdctl())
    assert saved.stdout.startswith(f"Snapshot saved at {path}\n")
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
    assert failed.returncode == 5
    assert list(tmp_path.glob("s.db*")) == []


def test_commands_of_a_cluster(tmp_path):
    cluster = started(Cluster(tmp_path / "cluster"))
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
                        check=False).stdout, 30, "an added member")
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


def test_tls_with_a_client_certificate(start, certificates):
    ca = certificates.ca.path
    member = start(
        *server_flags(certificates["srv"], ca), tls=ClientTLS(ca, certificates["cli"]))
    run = functools.partial(member.etcdctl, program=our_etcdctl())
    assert run("put", "a", "1").stdout == "OK\n"
    assert run("get", "a").stdout == "a\n1\n"
    variables = {
        "ETCDCTL_CACERT": str(ca), "ETCDCTL_CERT": str(certificates["cli"].certificate),
        "ETCDCTL_KEY": str(certificates["cli"].key), "ETCDCTL_ENDPOINTS": member.url}
    alone = subprocess.run(
        [our_etcdctl(), "get", "a"], env=variables, capture_output=True, text=True, timeout=30)
    assert (alone.returncode, alone.stdout) == (0, "a\n1\n")
    refused = subprocess.run(
        [our_etcdctl(), "--endpoints", member.url, "--command-timeout=1s", "get", "a"],
        capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1 and refused.stderr == "Error: context deadline exceeded\n"


def test_a_variable_and_a_flag_conflict():
    result = subprocess.run(
        [our_etcdctl(), "--hex", "version"], env={"ETCDCTL_HEX": "true"}, capture_output=True,
        text=True, timeout=30)
    assert result.returncode == 1
    assert 'conflicting environment variable "ETCDCTL_HEX"' in result.stderr


def test_shell_completion():
    script = subprocess.run(
        [our_etcdctl(), "completion", "bash"], capture_output=True, text=True, timeout=30).stdout
    typed = ('COMP_WORDS=(etcdctl lease gr); COMP_CWORD=2; _etcdctl; echo "${COMPREPLY[@]}"')
    shell = subprocess.run(
        ["bash", "-c", f"{script}\n{typed}"], capture_output=True, text=True, timeout=30)
    assert shell.stdout == "grant\n", shell.stderr
