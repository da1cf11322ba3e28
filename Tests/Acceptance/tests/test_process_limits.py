"""A member whose process has few descriptors, little address space, or a full disk for its log."""
import contextlib
import json
import os
import resource
import socket
import subprocess
import time

import grpc
import pytest

from acceptance import api
from acceptance.cluster import until
from acceptance.members import our_member

rpc = api.rpc


def limited(tmp_path, *limits, flags=(), wait=True):
    """Starts a member under prlimit(1)."""
    member = our_member(tmp_path / "limited.etcd", *flags)
    return member.start(prefix=("prlimit", *limits), wait=wait)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"


@contextlib.contextmanager
def idle_connections(member, count):
    """HTTP/2 connections without calls; those that the member does not accept wait."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < count + 200:
        pytest.skip(f"only {limits[1]} open files are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    idle = []
    try:
        for _ in range(count):
            idle.append(socket.create_connection(("127.0.0.1", member.client_port), timeout=20))
            idle[-1].sendall(PREFACE)
        yield
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def open_files(member):
    return len(os.listdir(f"/proc/{member.process.pid}/fd"))


def segments(member):
    return sorted(path.name for path in (member.directory / "member/wal").glob("*.wal"))


def put_megabytes(channel, count, prefix=b""):
    put = api.stub(channel, "KV").Put
    for number in range(count):
        put(rpc.PutRequest(key=prefix + b"%d" % number, value=bytes(1_000_000)), timeout=20)


def test_the_soft_limit_on_descriptors_is_raised(tmp_path):
    member = limited(tmp_path, "--nofile=1024:4096")
    try:
        assert "\nprocess_max_fds 4096\n" in member.get("/metrics")[1]
        with idle_connections(member, 1500):
            until(lambda: open_files(member) > 1500, what="1,500 connections")
            with api.connect(member.endpoint) as channel:
                put_megabytes(channel, 66)
        assert len(segments(member)) == 2
        assert member.stop() == -15
    finally:
        member.close()


def test_a_member_without_free_descriptors_serves_its_clients(tmp_path):
    member = limited(tmp_path, "--nofile=1024:1024")
    try:
        with api.connect(member.endpoint) as channel:
            put_megabytes(channel, 1)
            with idle_connections(member, 1500):
                until(lambda: open_files(member) > 900, what="the connections")
                assert open_files(member) <= 1024 - 64
                api.stub(channel, "Maintenance").Defragment(rpc.DefragmentRequest(), timeout=60)
                put_megabytes(channel, 66)
                assert len(segments(member)) == 2
            until(lambda: open_files(member) < 200, what="the end of the connections")
        until(lambda: member.etcdctl("get", "65", "--keys-only", check=False).stdout == "65\n\n",
              what="a new connection")
        assert not [line for line in member.log_lines() if line["level"] in ("error", "fatal")]
    finally:
        member.close()


def test_too_few_descriptors_are_rejected_as_by_etcd(tmp_path):
    member = limited(tmp_path, "--nofile=150:150", wait=False)
    assert member.process.wait(60) == 1
    last = member.fatal_line()
    assert last["level"] == "fatal" and last["limit"] == last["recommended-limit"] == 150
    assert last["msg"] == "file descriptor limit of etcd process is too low; please set higher"


def defragment(channel, may_be_refused):
    """A defragmentation needs address space for the new database beside the old one. If it may be
    refused for want of it, it must say so."""
    try:
        api.stub(channel, "Maintenance").Defragment(rpc.DefragmentRequest(), timeout=60)
    except grpc.RpcError as error:
        assert may_be_refused and "a limit on address space" in error.details(), error


@pytest.mark.parametrize("limit, is_enough_to_defragment", [(1 << 30, False), (4 << 30, True)])
def test_a_limit_on_address_space_makes_reservations_smaller(
        tmp_path, limit, is_enough_to_defragment):
    member = limited(tmp_path, f"--as={limit}")
    try:
        for _ in range(2):
            warnings = [line for line in member.log_lines()
                        if line["msg"].startswith("the system limits the address space")]
            assert warnings and all(
                0 < line["reserved-bytes"] < line["wanted-bytes"] for line in warnings)
            with api.connect(member.endpoint) as channel:
                put_megabytes(channel, 10)
                defragment(channel, may_be_refused=not is_enough_to_defragment)
                put_megabytes(channel, 10)
                api.stub(channel, "Maintenance").HashKV(rpc.HashKVRequest(), timeout=60)
            assert member.stop() == -15
            member.log_path.unlink()
            member.start(prefix=("prlimit", f"--as={limit}"))
    finally:
        member.close()


@pytest.fixture
def log_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = tmp_path / "logs"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mounted)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("tmpfs cannot be mounted")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_full_disk_for_the_log_drops_lines_and_reports_how_many(tmp_path, log_disk):
    log = log_disk / "e.log"
    filler = log_disk / "filler"
    member = our_member(tmp_path / "ours.etcd", "--log-level=debug", f"--log-outputs={log}").start()
    try:
        with api.connect(member.endpoint) as channel:
            kv = api.stub(channel, "KV")
            with contextlib.suppress(OSError):
                filler.write_bytes(bytes(64 << 10))
            for _ in range(100):
                kv.Put(rpc.PutRequest(key=b"k" * 1000), timeout=20)
            # A new second: of equal lines in one second only the first hundred are logged.
            time.sleep(1.1)
            os.truncate(filler, 0)
            kv.Put(rpc.PutRequest(key=b"k"), timeout=20)
            until(lambda: "dropped log lines" in log.read_text(), what="the report")
            kv.Put(rpc.PutRequest(key=b"last"), timeout=20)
        assert member.stop() == -15
        lines = log.read_text().splitlines()
        report = next(index for index, line in enumerate(lines) if "dropped log lines" in line)
        assert json.loads(lines[report])["dropped-lines"] > 0
        assert json.loads(lines[-1])["msg"] == "closed etcd server"
        for index, line in enumerate(lines):
            if index != report - 1:
                json.loads(line)
    finally:
        member.close()
