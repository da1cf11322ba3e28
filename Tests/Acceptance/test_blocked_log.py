"""A member whose log nobody reads: a full pipe may cost log lines, never service or the exit."""
import contextlib
import json
import os
import signal
import time

import pytest

import api
from cluster import until
from members import our_member
from unread_pipe import UnreadPipe

rpc = api.rpc


@contextlib.contextmanager
def member_logging_to(pipe, directory, *flags):
    member = our_member(directory / "blocked.etcd", "--log-level=debug", *flags)
    try:
        yield member.start(output=pipe.write_end)
    finally:
        member.close()


def put(member, count, key=b"k"):
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for _ in range(count):
            kv.Put(rpc.PutRequest(key=key), timeout=20)


def fill(pipe, member):
    """Puts, which the level debug logs, until the pipe has been full for a while."""
    until(lambda: put(member, 20) or pipe.is_full, what="a full pipe")
    put(member, 200)
    assert pipe.is_full


def test_a_member_serves_and_ends_while_nobody_reads_its_log(tmp_path):
    pipe = UnreadPipe()
    with member_logging_to(pipe, tmp_path) as member, api.connect(member.endpoint) as channel:
        fill(pipe, member)
        lease, kv = api.stub(channel, "Lease"), api.stub(channel, "KV")
        lease.LeaseGrant(rpc.LeaseGrantRequest(ID=7, TTL=1), timeout=20)
        kv.Put(rpc.PutRequest(key=b"leased", lease=7), timeout=20)
        until(lambda: not kv.Range(rpc.RangeRequest(key=b"leased"), timeout=20).count,
              what="the end of a lease, which ticks bring about")
        assert pipe.is_full
        begin = time.monotonic()
        assert member.stop(seconds=20) == -signal.SIGTERM
        assert time.monotonic() - begin < 10
    os.close(pipe.read_end)
    pipe.close()


def test_a_reader_that_comes_back_sees_whole_lines_in_order_and_how_many_are_missing(tmp_path):
    pipe, lines = UnreadPipe(), []
    with member_logging_to(pipe, tmp_path) as member:
        fill(pipe, member)
        # 100 lines of one text pass in a second, and a line has the key: 3 MB, more than waits.
        put(member, 200, key=b"k" * 30_000)
        reader = pipe.read(lines)
        put(member, 50)
        until(lambda: any("dropped log lines" in line for line in lines), what="the gap")
        assert member.stop() == -signal.SIGTERM
        pipe.close()
        reader.join(20)
    parsed = [json.loads(line) for line in lines]
    gaps = [line for line in parsed if line["msg"].startswith("dropped log lines")]
    assert all(gap["dropped-lines"] > 0 for gap in gaps)
    assert "Running: " in [line["msg"] for line in parsed[:5]]
    assert parsed[-1]["msg"] == "closed etcd server"


@pytest.mark.parametrize("flag", ["--initial-cluster=default=http://127.0.0.1:1",
                                  "--data-dir=/proc/nothing"])
def test_a_start_that_fails_ends_although_the_pipe_is_full(tmp_path, flag):
    pipe = UnreadPipe()
    pipe.fill()
    member = our_member(tmp_path / "refused.etcd", flag).start(output=pipe.write_end, wait=False)
    try:
        assert member.process.wait(20) == 1
    finally:
        member.close()
        os.close(pipe.read_end)
        pipe.close()
