"""Our etcdctl does the same as etcd's: the same command lines against the same state of servers.

etcd's tool is 3.5.1, or the one that REAL_ETCDCTL names, such as 3.7.1, with the server of
REAL_ETCD; acceptance/etcdctl_differences.py says how they differ.
"""
import functools
import os
import subprocess

import pytest

import test_etcdctl
from acceptance import api, etcdctl_lines
from acceptance.cluster import Cluster, real_etcd, until
from acceptance.command_lines import different, lines, play, play_together, run
from acceptance.etcdctl_differences import NEWER, OWN, UNDECIDED, translated
from acceptance.etcdctl_scripts import CHANGING
from acceptance.members import Member, our_etcdctl, tool
from acceptance.secure import ClientTLS, server_flags

QUICK = ("--heartbeat-interval=20", "--election-timeout=200", "--unsafe-no-fsync",
         "--bcrypt-cost=4")


@functools.cache
def real_etcdctl():
    return os.environ.get("REAL_ETCDCTL") or tool("etcdctl")


@functools.cache
def rows():
    return [*(NEWER if is_older() else []), *OWN, *UNDECIDED]


@functools.cache
def is_older():
    run = subprocess.run([real_etcdctl(), "version"], capture_output=True, text=True)
    return "API version: 3.5" in run.stdout


def text_of_difference(expected, actual):
    """How results differ, apart from the known differences."""
    return different(
        [translated(one, rows(), True) for one in expected],
        [translated(one, rows(), False) for one in actual])


def same(expected, actual):
    """Requires the same results, apart from the known differences."""
    text = text_of_difference(expected, actual)
    assert not text, text


@pytest.fixture
def start_real(tmp_path):
    """start_real(name, *flags) starts a real server that is quickly ready."""
    started = []

    def make(name, *flags, **options):
        one = Member(real_etcd(), tmp_path / f"{name}.etcd", *QUICK, *flags, **options)
        started.append(one)
        return one.start(wait=False)

    yield make
    for one in started:
        one.close()


SCRIPTS = {**test_etcdctl.SCRIPTS, **CHANGING}


@pytest.mark.parametrize("name", SCRIPTS)
def test_prints_the_same_as_the_etcdctl_of_etcd(start_real, tmp_path, name):
    def played(program, member):
        member.wait_ready()
        directory = tmp_path / member.directory.stem
        directory.mkdir()
        # 3.5.1 deletes a range at once.
        without = " --range" if program == real_etcdctl() and is_older() else None
        return play(program, member.endpoint, SCRIPTS[name], {
            "endpoint": member.endpoint, "directory": "."}, directory, without)

    same(*play_together([
        functools.partial(played, real_etcdctl(), start_real("theirs")),
        functools.partial(played, our_etcdctl(), start_real("ours"))]))


def read(script, endpoint, names=(), directory=None):
    """Runs lines that change nothing with both tools, all at the same time."""
    listed, programs = lines(script), (real_etcdctl(), our_etcdctl())
    results = play_together([
        functools.partial(run, program, endpoint, line, names, directory)
        for line in listed for program in programs])
    pairs = list(zip(results[::2], results[1::2]))
    for number, line in enumerate(listed):
        # So many at once may reach a short timeout before they have run: then once more, alone.
        if "-timeout=" in line and text_of_difference(*([one] for one in pairs[number])):
            pairs[number] = [run(program, endpoint, line, names, directory)
                             for program in programs]
    same(*zip(*pairs))


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A real server with the state that reading lines read, and the names in these lines."""
    directory = tmp_path_factory.mktemp("state")
    member = Member(real_etcd(), directory / "state.etcd", *QUICK).start()
    results = play(real_etcdctl(), member.endpoint, etcdctl_lines.STATE)
    assert {one.status for one in results} == {0}
    lease = next(one.unmasked.split()[1] for one in results if one.line.startswith("lease grant"))
    yield member, {"lease": lease, "endpoint": member.endpoint}
    member.close()


@pytest.mark.parametrize("name", etcdctl_lines.READING)
def test_reads_the_same_as_the_etcdctl_of_etcd(state, name):
    member, names = state
    read(etcdctl_lines.READING[name], member.endpoint, names)


def test_uses_tls_as_the_etcdctl_of_etcd(start_real, certificates, tmp_path):
    ca, client, other = certificates.ca.path, certificates["cli"], certificates["OTHER"]
    member = start_real(
        "tls", *server_flags(certificates["srv"], ca), tls=ClientTLS(ca, client))
    member.wait_ready()
    read(etcdctl_lines.ENCRYPTED, member.endpoint, {
        "endpoint": member.endpoint, "ca": ca, "cert": client.certificate, "key": client.key,
        "otherca": certificates.ca2.path, "othercert": other.certificate,
        "otherkey": other.key})


def test_an_alarm_is_the_same_to_the_etcdctl_of_etcd(start_real):
    def played(program, member):
        member.wait_ready()
        with member.connect() as channel:
            api.stub(channel, "Maintenance").Alarm(api.rpc.AlarmRequest(
                action=api.rpc.AlarmRequest.ACTIVATE, memberID=7, alarm=api.rpc.NOSPACE))
        return play(program, member.endpoint, etcdctl_lines.ALARMED)

    same(*play_together([
        functools.partial(played, real_etcdctl(), start_real("theirs")),
        functools.partial(played, our_etcdctl(), start_real("ours"))]))


def test_does_the_same_to_a_cluster_as_the_etcdctl_of_etcd(tmp_path):
    # With the usual election timeout, which pauses of the machine do not reach.
    cluster = Cluster(tmp_path / "cluster", ("real",) * 3, QUICK[2:])
    try:
        cluster.start()
        leader, (member, *_) = cluster.wait_leader(), cluster.followers()
        others = [one for one in cluster if one is not member]
        names = {
            "endpoint": member.endpoint, "others": ",".join(one.endpoint for one in others),
            "leader": leader.hex_id, "follower": member.hex_id, "directory": tmp_path}
        cluster.etcdctl("put", "a", "1")
        read(etcdctl_lines.CLUSTERED, member.endpoint, names, tmp_path)
        cluster.kill(others)
        until(lambda: member.status().leader == 0, what="a member without a leader")
        read("\n".join(
            f"--command-timeout=1s {line}" for line in lines(etcdctl_lines.LEADERLESS)),
             member.endpoint, names, tmp_path)
    finally:
        cluster.close()
