"""Greedy clients cost bounded memory, and others go on meanwhile.

Memory is the server's anonymous memory (RssAnon): mapped file pages belong to the system. Limits
are stated beside each test; they hold for a debug build too.
"""
import contextlib
import pathlib
import resource
import socket
import threading
import time

import grpc
import pytest

import api
import load

rpc = api.rpc
MEGABYTE = 1_000_000
# Less history in memory: with the default the log alone may hold 5,000 big entries.
SHORT_LOG = ("--snapshot-count=100", "--snapshot-catchup-entries=50",
             "--quota-backend-bytes=8000000000")


def short_log():
    """The flags, less what a real 3.5 does not know."""
    from members import our_etcd, tool

    return SHORT_LOG if our_etcd() != tool("etcd") else (SHORT_LOG[0], SHORT_LOG[2])


class Puts(threading.Thread):
    """A well-behaved client beside the greedy one: puts all the time, and measures."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self.member, self.delays, self.running, self.failure = member, [], True, None

    def run(self):
        try:
            with api.connect(self.member.endpoint) as channel:
                kv = api.stub(channel, "KV")
                while self.running:
                    begin = time.monotonic()
                    kv.Put(rpc.PutRequest(key=b"small", value=b"1"), timeout=10)
                    self.delays.append(time.monotonic() - begin)
                    time.sleep(0.01)
        except grpc.RpcError as error:
            self.failure = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.join()

    def assert_went_on(self, slowest=5):
        assert self.failure is None, self.failure
        assert len(self.delays) > 20 and max(self.delays) < slowest, sorted(self.delays)[-5:]
        assert sorted(self.delays)[len(self.delays) // 2] < 0.25


class HighestMemory(threading.Thread):
    """Looks at a server's memory twenty times a second."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self.process_id = member.process.pid
        self.begin = self.highest = load.anonymous_bytes(self.process_id)
        self.running = True

    def run(self):
        while self.running:
            self.highest = max(self.highest, load.anonymous_bytes(self.process_id))
            time.sleep(0.05)

    @property
    def growth(self):
        return self.highest - self.begin

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.join()


class SlowLink:
    """A proxy that hands a server's answers on at a few bytes a second."""

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
    """Limit: 60 MB above the same load without it, for 200 MB of events in four dead watchers."""
    member = start(*short_log())
    with HighestMemory(member) as alone:
        load.fill(member.endpoint, values(b"w", 50_000, 4_000), size=50, outstanding=4)
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            channel = stack.enter_context(api.connect(member.endpoint))
            call = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
                create_request=rpc.WatchCreateRequest(
                    key=b"\0", range_end=b"\0", prev_kv=True))]))
            assert next(call).created
        with HighestMemory(member) as memory, Puts(member) as puts:
            load.fill(member.endpoint, values(b"w", 50_000, 4_000), size=50, outstanding=4)
        puts.assert_went_on()
    above = memory.highest - alone.highest
    print(f"highest alone {alone.highest}, with dead watchers {memory.highest}")
    assert above < 60 * MEGABYTE, f"{above / MEGABYTE:.0f} MB above the load alone"


def test_an_event_for_many_watchers_of_a_stream_is_not_held_for_each(start):
    """Limit: 60 MB for an event of 1 MB that 300 watchers of a stream that is not read wait for."""
    member, watchers, value = start(*short_log()), 300, b"v" * MEGABYTE
    creations = (rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"k"))
                 for _ in range(watchers))
    with api.connect(member.endpoint) as channel, HighestMemory(member) as memory:
        call = api.stub(channel, "Watch").Watch(creations, timeout=120)
        created = {next(call).watch_id for _ in range(watchers)}
        with api.connect(member.endpoint) as other:
            api.stub(other, "KV").Put(rpc.PutRequest(key=b"k", value=value), timeout=30)
        time.sleep(1)
        assert memory.growth < 60 * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"
        told = [next(call) for _ in range(watchers)]
        call.cancel()
    assert {answer.watch_id for answer in told} == created
    assert all(answer.events[0].kv.value == value for answer in told)


def test_a_watcher_that_reads_late_gets_every_event(start):
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
    """Limit: 100 MB for three clients that each ask for the whole keyspace and read slowly."""
    size = 1_000 if long else 300
    member = start(*short_log())
    load.fill(member.endpoint, values(b"r", size * 10, 100_000), size=5, outstanding=3)
    link = SlowLink(member, 4 * MEGABYTE)
    time.sleep(1)
    try:
        with contextlib.ExitStack() as stack:
            memory, puts = HighestMemory(member), Puts(member)
            stack.enter_context(memory)
            stack.enter_context(puts)
            calls = []
            for _ in range(3):
                channel = stack.enter_context(api.connect(link.endpoint))
                calls.append(api.stub(channel, "KV").Range.future(
                    rpc.RangeRequest(key=b"r/", range_end=b"r0"), timeout=600))
            time.sleep(12)
            assert not any(call.done() for call in calls), "the link is not slow"
            for call in calls:
                call.cancel()
        puts.assert_went_on()
        assert memory.growth < 100 * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"
    finally:
        link.close()


def test_a_large_range_is_whole_at_one_revision_while_writes_go_on(start):
    member = start(*short_log())
    revision = load.fill(member.endpoint, values(b"r", 3_000, 100_000), size=5, outstanding=3)
    with HighestMemory(member) as memory, Puts(member) as puts:
        with api.connect(member.endpoint) as channel:
            answer = api.stub(channel, "KV").Range(
                rpc.RangeRequest(key=b"r/", range_end=b"r0"), timeout=120)
        while len(puts.delays) <= 20:
            time.sleep(0.05)
    assert answer.count == len(answer.kvs) == 3_000
    assert max(one.mod_revision for one in answer.kvs) == revision
    assert all(one.value == b"%08d" % number * 12_500 for number, one in enumerate(answer.kvs))
    puts.assert_went_on()
    assert memory.growth < 100 * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"


def test_writes_go_on_while_the_database_is_defragmented_and_hashed(start, long):
    """300 MB, with --long 1 GB: nobody waits for the copy, or for a hash of all of it."""
    megabytes = 1000 if long else 300
    member = start(*short_log())
    load.fill(member.endpoint, values(b"k", megabytes * 10, 100_000), size=10)
    member.etcdctl("del", "--prefix", "k/001")
    before = member.hash_kv()[0]
    with api.connect(member.endpoint) as channel, Puts(member) as puts:
        maintenance = api.stub(channel, "Maintenance")
        counts = []
        for ask in (
                lambda: maintenance.Defragment.future(rpc.DefragmentRequest(), timeout=600),
                lambda: maintenance.Hash.future(rpc.HashRequest(), timeout=600)):
            begin = len(puts.delays)
            ask().result()
            counts.append(len(puts.delays) - begin)
        assert counts[0] > 5, "a real etcd takes no write while it copies"
        time.sleep(0.5)
        puts.assert_went_on()
    assert member.hash_kv()[0] != before
    revision = member.hash_kv()[2]
    former = member.hash_kv(revision)
    member.kill()
    member.start()
    assert member.hash_kv(revision) == former


def raised_file_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        if hard < wanted:
            pytest.skip(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return soft, hard


def test_idle_connections_cost_little_and_leave(start, long):
    """Limit: 40 kB each in a release build; a debug build may have twice that."""
    count = 10_000 if long else 2_000
    limits = raised_file_limit(count + 1_000)
    idle = []
    try:
        member = start()
        with HighestMemory(member) as memory, Puts(member) as puts:
            for number in range(count):
                one = socket.create_connection(("127.0.0.1", member.client_port), timeout=20)
                if number % 2:
                    one.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                idle.append(one)
            time.sleep(1)
        puts.assert_went_on()
        assert memory.growth / count < 80_000, f"{memory.growth // count} bytes each"
        assert open_files(member) >= count
        for one in idle:
            one.close()
        end = time.monotonic() + 20
        while open_files(member) > 200:
            assert time.monotonic() < end, "closed connections stay"
            time.sleep(0.1)
        member.etcdctl("put", "a", "1")
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def open_files(member):
    return len(list(pathlib.Path(f"/proc/{member.process.pid}/fd").iterdir()))


def test_many_big_puts_at_once_are_bounded_too(start):
    """Limits: four times the 200 MB on their way; what stays when they are done is 300 MB, since
    up to 150 entries wait in memory for followers, and does not grow from round to round."""
    member = start(*short_log())
    begin = load.anonymous_bytes(member.process.pid)
    with HighestMemory(member) as memory, api.connect(member.endpoint) as channel:
        put = api.stub(channel, "KV").Put
        for number in range(7):
            calls = [put.future(rpc.PutRequest(key=b"big/%d" % number, value=bytes(1_000_000)),
                                timeout=120) for number in range(200)]
            for call in calls:
                call.result()
            wait_memory(member, begin + 300 * MEGABYTE, f"after round {number}")
    assert memory.growth < 800 * MEGABYTE, memory.growth


def wait_memory(member, limit, when):
    """Waits until a server's own memory has fallen below a limit."""
    end = time.monotonic() + 30
    while (present := load.anonymous_bytes(member.process.pid)) > limit:
        assert time.monotonic() < end, f"{present >> 20} MB {when}"
        time.sleep(0.05)
    print(f"{present >> 20} MB {when}")
