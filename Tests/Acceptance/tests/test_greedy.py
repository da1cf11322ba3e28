"""Greedy clients use bounded memory and do not block other clients.

Memory is the anonymous memory of the server (RssAnon), without mapped file pages. Each test states
its limit, which holds for a debug build, too.
"""
import contextlib
import pathlib
import resource
import socket
import threading
import time

import pytest

from acceptance import api, load
from acceptance.cluster import until
from acceptance.greedy import PeakMemory, Puts

rpc = api.rpc
pytestmark = pytest.mark.alone
MEGABYTE = 1_000_000
# Fewer entries in memory: with the default, the log may hold 5,000 large entries.
SHORT_LOG = ("--snapshot-count=100", "--snapshot-catchup-entries=50",
             "--quota-backend-bytes=8000000000")


def short_log():
    """The flags, without those that a real 3.5 does not have."""
    from acceptance.members import our_etcd, tool

    return SHORT_LOG if our_etcd() != tool("etcd") else (SHORT_LOG[0], SHORT_LOG[2])


class SlowProxy:
    """A proxy that forwards the responses of a server at a limited rate."""

    def __init__(self, member, bytes_each_second):
        self.target = ("127.0.0.1", member.client_port)
        self.rate = bytes_each_second
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.sockets = [self.listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.socket()
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                far.connect(self.target)
                self.sockets += [near, far]
                threading.Thread(target=self._pass, args=(near, far, None), daemon=True).start()
                threading.Thread(
                    target=self._pass, args=(far, near, self.rate), daemon=True).start()

    @staticmethod
    def _pass(source, target, rate):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
                if rate:
                    time.sleep(len(data) / rate)

    def close(self):
        for one in self.sockets:
            one.close()


def values(prefix, count, size):
    return ((b"%s/%06d" % (prefix, number), b"%08d" % number * (size // 8))
            for number in range(count))


def test_a_watcher_that_never_reads_costs_no_memory(start):
    """Limit: 60 MB above the same load alone, for 200 MB of events to four unread watchers."""
    member = start(*short_log())
    with PeakMemory(member) as alone:
        load.fill(member.endpoint, values(b"w", 50_000, 4_000), size=50, outstanding=4)
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            channel = stack.enter_context(api.connect(member.endpoint))
            call = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
                create_request=rpc.WatchCreateRequest(
                    key=b"\0", range_end=b"\0", prev_kv=True))]))
            assert next(call).created
        with PeakMemory(member) as memory, Puts(member) as puts:
            load.fill(member.endpoint, values(b"w", 50_000, 4_000), size=50, outstanding=4)
            puts.wait()
        puts.assert_no_delay()
    above = memory.peak - alone.peak
    print(f"peak alone {alone.peak}, with unread watchers {memory.peak}")
    assert above < 60 * MEGABYTE, f"{above / MEGABYTE:.0f} MB above the load alone"


def test_an_event_for_many_watchers_of_a_stream_is_buffered_once(start):
    """Limit: 60 MB for an event of 1 MB to 300 watchers of an unread stream."""
    member, watchers, value = start(*short_log()), 300, b"v" * MEGABYTE
    creations = (rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"k"))
                 for _ in range(watchers))
    with api.connect(member.endpoint) as channel, PeakMemory(member) as memory:
        call = api.stub(channel, "Watch").Watch(creations, timeout=120)
        created = {next(call).watch_id for _ in range(watchers)}
        with api.connect(member.endpoint) as other:
            api.stub(other, "KV").Put(rpc.PutRequest(key=b"k", value=value), timeout=30)
        time.sleep(1)
        assert memory.growth < 60 * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"
        received = [next(call) for _ in range(watchers)]
        call.cancel()
    assert {response.watch_id for response in received} == created
    assert all(response.events[0].kv.value == value for response in received)


def test_a_watcher_that_reads_late_receives_every_event(start):
    member = start(*short_log())
    with api.connect(member.endpoint) as channel:
        call = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"\0", range_end=b"\0"))]), timeout=120)
        assert next(call).created
        last = load.fill(member.endpoint, values(b"w", 10_000, 4_000), size=10)
        seen, revisions = 0, []
        while not revisions or revisions[-1] < last:
            for event in next(call).events:
                seen += 1
                revisions.append(event.kv.mod_revision)
        assert seen == 10_000 and revisions == sorted(revisions)
        call.cancel()


def test_slow_readers_of_a_large_range_cost_no_memory(start, long):
    """Limit: 100 MB for three clients that read the whole keyspace slowly."""
    size = 1_000 if long else 300
    member = start(*short_log())
    load.fill(member.endpoint, values(b"r", size * 10, 100_000), size=5, outstanding=3)
    proxy = SlowProxy(member, 4 * MEGABYTE)
    time.sleep(1)
    try:
        with contextlib.ExitStack() as stack:
            memory, puts = PeakMemory(member), Puts(member)
            stack.enter_context(memory)
            stack.enter_context(puts)
            calls = []
            for _ in range(3):
                channel = stack.enter_context(api.connect(proxy.endpoint))
                calls.append(api.stub(channel, "KV").Range.future(
                    rpc.RangeRequest(key=b"r/", range_end=b"r0"), timeout=600))
            time.sleep(12)
            assert not any(call.done() for call in calls), "the proxy is not slow"
            for call in calls:
                call.cancel()
        puts.assert_no_delay()
        assert memory.growth < 100 * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"
    finally:
        proxy.close()


def test_a_large_range_has_one_revision_during_writes(start):
    member = start(*short_log())
    revision = load.fill(member.endpoint, values(b"r", 3_000, 100_000), size=5, outstanding=3)
    with PeakMemory(member) as memory, Puts(member) as puts:
        with api.connect(member.endpoint) as channel:
            response = api.stub(channel, "KV").Range(
                rpc.RangeRequest(key=b"r/", range_end=b"r0"), timeout=120)
        puts.wait()
    assert response.count == len(response.kvs) == 3_000
    assert max(one.mod_revision for one in response.kvs) == revision
    assert all(one.value == b"%08d" % number * 12_500 for number, one in enumerate(response.kvs))
    puts.assert_no_delay()
    assert memory.growth < 100 * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"


def test_writes_go_on_while_the_database_is_defragmented_and_hashed(start, long):
    """300 MB, with --long 1 GB: writes wait neither for defragmentation nor for Hash."""
    megabytes = 1000 if long else 300
    member = start(*short_log())
    load.fill(member.endpoint, values(b"k", megabytes * 10, 100_000), size=10)
    member.etcdctl("del", "--prefix", "k/001")
    before = member.hash_kv()[0]
    with api.connect(member.endpoint) as channel, Puts(member) as puts:
        maintenance = api.stub(channel, "Maintenance")
        counts = []
        for call in (
                lambda: maintenance.Defragment.future(rpc.DefragmentRequest(), timeout=600),
                lambda: maintenance.Hash.future(rpc.HashRequest(), timeout=600)):
            begin = len(puts.delays)
            call().result()
            counts.append(len(puts.delays) - begin)
        assert counts[0] > 5, "unlike a real etcd, it accepts writes during defragmentation"
        puts.wait()
        puts.assert_no_delay()
    assert member.hash_kv()[0] != before
    revision = member.hash_kv()[2]
    former = member.hash_kv(revision)
    member.kill()
    member.start()
    assert member.hash_kv(revision) == former


def raised_file_limit(limit):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(hard, limit)))
    except (ValueError, OSError):
        if hard < limit:
            pytest.skip(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return soft, hard


def test_idle_connections_cost_little_and_are_closed(start, long):
    """Limit: 40 kB each in a release build, 80 kB in a debug build."""
    count = 10_000 if long else 2_000
    limits = raised_file_limit(count + 1_000)
    idle = []
    try:
        member = start()
        with PeakMemory(member) as memory, Puts(member) as puts:
            for number in range(count):
                one = socket.create_connection(("127.0.0.1", member.client_port), timeout=20)
                if number % 2:
                    one.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                idle.append(one)
            time.sleep(1)
            until(lambda: open_files(member) >= count, what="all connections")
            puts.wait()
        puts.assert_no_delay()
        assert memory.growth / count < 80_000, f"{memory.growth // count} bytes each"
        for one in idle:
            one.close()
        end = time.monotonic() + 60
        while open_files(member) > 200:
            assert time.monotonic() < end, "closed connections are not released"
            time.sleep(0.1)
        member.etcdctl("put", "a", "1")
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def open_files(member):
    return len(list(pathlib.Path(f"/proc/{member.process.pid}/fd").iterdir()))


def test_many_large_puts_at_once_use_bounded_memory(start):
    """Limits: four times the 200 MB in flight; 300 MB after each round, since up to 150 entries
    stay in memory for followers, without growth from round to round."""
    member = start(*short_log())
    begin = load.anonymous_bytes(member.process.pid)
    with PeakMemory(member) as memory, api.connect(member.endpoint) as channel:
        put = api.stub(channel, "KV").Put
        for number in range(7):
            calls = [put.future(rpc.PutRequest(key=b"big/%d" % number, value=bytes(1_000_000)),
                                timeout=120) for number in range(200)]
            for call in calls:
                call.result()
            wait_memory(member, begin + 300 * MEGABYTE, f"after round {number}")
    assert memory.growth < 800 * MEGABYTE, memory.growth


def wait_memory(member, limit, when):
    """Waits until the anonymous memory of a server is below a limit."""
    end = time.monotonic() + 30
    while (current := load.anonymous_bytes(member.process.pid)) > limit:
        assert time.monotonic() < end, f"{current >> 20} MB {when}"
        time.sleep(0.05)
    print(f"{current >> 20} MB {when}")
