"""A member with a blocked log: a full pipe drops log lines, but never blocks service or exit."""
import contextlib
import json
import os
import signal

import pytest

from acceptance import api
from acceptance.cluster import put_with_lease, until
from acceptance.members import our_member
from acceptance.unread_pipe import UnreadPipe

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
    """Puts, which are logged at level debug, until the pipe stays full."""
    until(lambda: put(member, 20) or pipe.is_full, what="a full pipe")
    put(member, 200)
    assert pipe.is_full


def test_a_member_serves_and_stops_while_its_log_is_blocked(tmp_path):
    pipe = UnreadPipe()
    with member_logging_to(pipe, tmp_path) as member, api.connect(member.endpoint) as channel:
        fill(pipe, member)
        lease, kv = api.stub(channel, "Lease"), api.stub(channel, "KV")
        put_with_lease(lease, kv, b"leased", 7)
        until(lambda: not kv.Range(rpc.RangeRequest(key=b"leased"), timeout=20).count,
              what="the expiry of a lease, which needs ticks")
        assert pipe.is_full
        assert member.stop(seconds=20) == -signal.SIGTERM
    os.close(pipe.read_end)
    pipe.close()


def test_a_late_log_reader_gets_whole_lines_in_order_and_the_number_of_dropped_lines(tmp_path):
    pipe, lines = UnreadPipe(), []
    with member_logging_to(pipe, tmp_path) as member:
        fill(pipe, member)
        # Sampling passes 100 lines of a message in a second, each with the key: 3 MB, more than
        # the log buffer.
        put(member, 200, key=b"k" * 30_000)
        reader = pipe.read(lines)
        put(member, 50)
        until(lambda: any("dropped log lines" in line for line in lines),
              what="the report of dropped lines")
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
def test_a_failed_start_exits_although_the_pipe_is_full(tmp_path, flag):
    pipe = UnreadPipe()
    pipe.fill()
    member = our_member(tmp_path / "refused.etcd", flag).start(output=pipe.write_end, wait=False)
    try:
        assert member.process.wait(60) == 1
    finally:
        member.close()
        os.close(pipe.read_end)
        pipe.close()
