"""Damaged files, full disks and failing writes: repaired as by etcd, or reported as an error."""
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

import grpc
import pytest

from acceptance import api
from acceptance.members import our_member
from acceptance.stopped_members import assert_stopped_with_error, failed_start

rpc = api.rpc
UNCOMMITTED = ("--backend-batch-interval=1h", "--backend-batch-limit=1000000")


def last_segment(member):
    return sorted((member.directory / "member/wal").glob("*.wal"))[-1]


def used_bytes(path):
    """Size of a segment without the preallocated zeros."""
    return len(path.read_bytes().rstrip(b"\0"))


def killed_member(start, last_value=b"y" * 20_000):
    """A member that was killed with 20 small puts and a last, large one only in the log."""
    member = start(*UNCOMMITTED)
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for number in range(20):
            kv.Put(rpc.PutRequest(key=b"k%02d" % number, value=b"value %d of many" % number))
        kv.Put(rpc.PutRequest(key=b"last", value=last_value))
    member.kill()
    return member


def values(member):
    with api.connect(member.endpoint) as channel:
        response = api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"\0", range_end=b"\0"))
    return {one.key: one.value for one in response.kvs}


def assert_repaired(member):
    member.start()
    actual = values(member)
    assert [actual[b"k%02d" % number] for number in range(20)] == \
        [b"value %d of many" % number for number in range(20)]
    assert b"last" not in actual, "no part of the torn write exists"
    member.etcdctl("put", "goes", "on")
    member.kill()
    member.start()
    assert member.etcdctl("get", "goes", "--print-value-only").stdout == "on\n"


@pytest.mark.parametrize("lost", [5_000, 10_001, 19_999])
def test_a_log_truncated_in_its_last_write_is_repaired(start, lost):
    member = killed_member(start)
    segment = last_segment(member)
    os.truncate(segment, used_bytes(segment) - lost)
    assert_repaired(member)


@pytest.mark.parametrize("sectors", [1, 3, 20])
def test_a_log_whose_last_sectors_were_never_written_is_repaired(start, sectors):
    member = killed_member(start)
    segment = last_segment(member)
    data = bytearray(segment.read_bytes())
    torn = data.rindex(b"y" * 20_000) + 19_000
    begin = torn // 512 * 512 - (sectors - 1) * 512
    data[begin:] = bytes(len(data) - begin)
    segment.write_bytes(data)
    assert_repaired(member)


def test_a_flipped_bit_in_the_middle_of_the_log_is_rejected(start):
    member = killed_member(start)
    segment = last_segment(member)
    data = bytearray(segment.read_bytes())
    data[data.index(b"value 5 of many")] ^= 1
    segment.write_bytes(data)
    status, log = failed_start(member)
    assert status == 1, log
    last = member.fatal_line()
    assert last["level"] == "fatal" and "walpb: crc mismatch" in last["error"]


def test_a_missing_segment_in_the_middle_is_rejected(start):
    member = start("--snapshot-count=10000000")
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for number in range(140):
            kv.Put(rpc.PutRequest(key=b"big", value=bytes([number]) * 1_000_000), timeout=30)
    member.kill()
    segments = sorted((member.directory / "member/wal").glob("*.wal"))
    assert len(segments) >= 3, "64 MB each"
    segments[1].unlink()
    status, log = failed_start(member)
    assert status != 0 and "wal" in log.lower()


def test_a_database_of_invalid_data_is_rejected(start):
    member = start()
    member.etcdctl("put", "a", "1")
    member.stop()
    database = member.directory / "member/snap/db"
    database.write_bytes(b"invalid!" * (database.stat().st_size // 8))
    status, log = failed_start(member)
    assert status != 0 and log


def test_a_second_process_on_the_same_directory_does_not_serve(start):
    member = start()
    second = our_member(member.directory)
    second.log_path = member.directory.with_suffix(".second.log")
    second.start(wait=False)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        with pytest.raises(OSError):
            second.get("/health", timeout=1)
        time.sleep(0.2)
    member.etcdctl("put", "still", "mine")
    if second.process.poll() is not None:
        assert second.process.returncode != 0
        assert re.search("lock|another process", second.tail(50))
    second.close()
    assert member.etcdctl("get", "still", "--print-value-only").stdout == "mine\n"


def fill_until_it_stops(member, size=200_000):
    """Puts new values until a put fails; returns the acknowledged pairs."""
    acknowledged = {}
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for number in range(4_000):
            key, value = b"fill/%d" % number, b"%08d" % number * (size // 8)
            try:
                kv.Put(rpc.PutRequest(key=key, value=value), timeout=60)
            except grpc.RpcError:
                return acknowledged
            acknowledged[key] = value
    raise AssertionError("no put failed")


def assert_nothing_lost(member, acknowledged):
    actual = values(member)
    lost = [key for key, value in acknowledged.items() if actual.get(key) != value]
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged writes are lost: {lost[:5]}"


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = tmp_path / "small"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=260m", "tmpfs", str(mounted)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("tmpfs cannot be mounted")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_full_disk_stops_the_member_and_loses_nothing(start, small_disk, tmp_path):
    member = our_member(small_disk / "ours.etcd", "--quota-backend-bytes=8000000000")
    member.log_path = tmp_path / "full.log"
    try:
        member.start()
        acknowledged = fill_until_it_stops(member)
        assert len(acknowledged) > 20
        assert_stopped_with_error(member, "no space left")
    finally:
        member.close()
    copy = tmp_path / "copy.etcd"
    shutil.copytree(small_disk / "ours.etcd", copy)
    assert_nothing_lost(start(directory=copy), acknowledged)


def test_a_failed_write_of_the_database_stops_the_member_and_loses_nothing(tmp_path):
    """A file size limit of 70 MB, which the database reaches before the log."""
    limit = 70_000_000
    member = our_member(tmp_path / "ours.etcd")

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = {"PATH": os.environ["PATH"]}
    member.log = open(member.log_path, "ab")
    member.process = subprocess.Popen(
        member.arguments(), stdin=subprocess.DEVNULL, stdout=member.log, stderr=subprocess.STDOUT,
        env=environment, cwd=tmp_path, preexec_fn=limited)
    try:
        member.wait_ready()
        acknowledged = fill_until_it_stops(member)
        assert_stopped_with_error(member, "file too large")
        member.start()
        assert_nothing_lost(member, acknowledged)
    finally:
        member.close()


def test_an_unwritable_directory_is_rejected_with_the_reason(start, tmp_path):
    blocker = tmp_path / "a-file"
    blocker.write_text("")
    member = our_member(pathlib.Path(blocker) / "below")
    member.log_path = tmp_path / "refused.log"
    member.log = open(member.log_path, "ab")
    member.process = subprocess.Popen(
        member.arguments(), stdin=subprocess.DEVNULL, stdout=member.log, stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"]}, cwd=tmp_path)
    assert member.process.wait(60) == 1
    assert "not a directory" in member.tail()
