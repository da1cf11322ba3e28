"""gRPC as other languages' clients use it: deadlines, cancels, limits, unknown calls, keepalive."""
import queue
import socket
import struct
import threading
import time

import grpc
import pytest

import api
import load

rpc = api.rpc


@pytest.fixture
def channel(member):
    with api.connect(member.endpoint) as one:
        yield one


@pytest.fixture
def kv(channel):
    return api.stub(channel, "KV")


def refused(call, *arguments, **options):
    """Code and text of a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        answer = call(*arguments, timeout=20, **options)
        if hasattr(answer, "__next__"):
            list(answer)
    return error.value.code().name, error.value.details()


def raw(channel, path):
    return channel.unary_unary(
        path, request_serializer=lambda data: data, response_deserializer=lambda data: data)


def test_unknown_services_and_methods_say_so(channel):
    assert refused(raw(channel, "/no.such.Service/Method"), b"") == (
        "UNIMPLEMENTED", "unknown service no.such.Service")
    assert refused(raw(channel, "/etcdserverpb.KV/Method"), b"") == (
        "UNIMPLEMENTED", "unknown method Method for service etcdserverpb.KV")


def test_rubbish_instead_of_a_message_is_refused_and_the_connection_lives(channel, kv):
    code, _ = refused(raw(channel, "/etcdserverpb.KV/Put"), b"\xff" * 50)
    assert code in ("INTERNAL", "INVALID_ARGUMENT")
    kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)


def test_too_large_requests_are_refused_by_size(kv):
    code, text = refused(kv.Put, rpc.PutRequest(key=b"a", value=bytes(1_600_000)))
    assert (code, text) == ("INVALID_ARGUMENT", "etcdserver: request is too large")
    request = rpc.PutRequest(key=b"a", value=bytes(3_000_000))
    assert refused(kv.Put, request) == (
        "RESOURCE_EXHAUSTED",
        f"grpc: received message larger than max ({request.ByteSize()} vs. 2097152)")
    kv.Put(rpc.PutRequest(key=b"a", value=bytes(1_500_000)), timeout=10)


def test_a_deadline_ends_a_call(channel):
    call = api.stub(channel, "Watch").Watch(iter(lambda: time.sleep(60), 1), timeout=0.5)
    begin = time.monotonic()
    with pytest.raises(grpc.RpcError) as error:
        next(call)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - begin < 5


def test_cancelled_calls_leave_the_connection_usable(kv):
    for _ in range(200):
        kv.Range.future(rpc.RangeRequest(key=b"\0", range_end=b"\0")).cancel()
    assert kv.Range(rpc.RangeRequest(key=b"nothing"), timeout=10).count == 0


def test_600_watches_are_opened_and_cancelled_on_one_connection(channel, member):
    watch = api.stub(channel, "Watch").Watch
    for number in range(600):
        call = watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"w%d" % number))]), timeout=60)
        assert next(call).created
        call.cancel()
    api.stub(channel, "KV").Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
    end = time.monotonic() + 10
    while "etcd_debugging_mvcc_watcher_total 0" not in member.get("/metrics")[1]:
        assert time.monotonic() < end, "watchers of cancelled calls stay"
        time.sleep(0.05)


def test_600_watchers_of_one_stream_are_cancelled_one_by_one(channel):
    def requests():
        for number in range(600):
            yield rpc.WatchRequest(create_request=rpc.WatchCreateRequest(
                key=b"w", watch_id=number + 1))
        for number in range(600):
            yield rpc.WatchRequest(cancel_request=rpc.WatchCancelRequest(watch_id=number + 1))

    done = threading.Event()

    def until_done():
        yield from requests()
        done.wait(30)

    call = api.stub(channel, "Watch").Watch(until_done(), timeout=60)
    answers = [next(call) for _ in range(1200)]
    assert sorted(one.watch_id for one in answers if one.created) == list(range(1, 601))
    assert sorted(one.watch_id for one in answers if one.canceled) == list(range(1, 601))
    done.set()


@pytest.mark.parametrize("real", [True, False], ids=["real", "ours"])
def test_history_comes_in_one_response_or_in_fragments_of_it(start, real):
    with api.connect(start(real=real).endpoint) as channel:
        for number in range(4):
            api.stub(channel, "KV").Put(
                rpc.PutRequest(key=b"a", value=b"%d" % number * 1_200_000), timeout=10)

        def history(fragment):
            call = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
                create_request=rpc.WatchCreateRequest(
                    key=b"a", start_revision=2, fragment=fragment))]), timeout=20)
            assert next(call).created
            pieces = [next(call)]
            while pieces[-1].fragment:
                pieces.append(next(call))
            call.cancel()
            return [(len(one.events), one.fragment, one.header.revision) for one in pieces]

        assert history(False) == [(4, False, 5)]
        assert history(True) == [(1, True, 5)] * 3 + [(1, False, 5)]


def test_a_watcher_overtaken_by_compaction_keeps_its_id_until_it_is_cancelled(start):
    with api.connect(start().endpoint) as channel:
        kv = api.stub(channel, "KV")
        for _ in range(5):
            kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
        kv.Compact(rpc.CompactionRequest(revision=5, physical=True), timeout=10)
        requests = queue.Queue()
        call = api.stub(channel, "Watch").Watch(iter(requests.get, None), timeout=20)

        def ask(**request):
            requests.put(rpc.WatchRequest(**request))
            return next(call)

        one = rpc.WatchCreateRequest(key=b"a", watch_id=1, start_revision=2)
        assert ask(create_request=one).created
        assert next(call).compact_revision == 5
        assert "duplicate watch ID" in ask(create_request=one).cancel_reason
        automatic = rpc.WatchCreateRequest(key=b"a")
        assert [ask(create_request=automatic).watch_id for _ in range(2)] == [0, 2]
        answer = ask(cancel_request=rpc.WatchCancelRequest(watch_id=1))
        assert (answer.canceled, answer.watch_id) == (True, 1)
        one.start_revision = 0
        assert ask(create_request=one).created
        requests.put(None)
        call.cancel()


def test_a_call_that_needs_a_leader_is_answered_where_one_is(kv, channel):
    metadata = [("hasleader", "true")]
    kv.Put(rpc.PutRequest(key=b"a", value=b"1"), metadata=metadata, timeout=10)
    call = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
        create_request=rpc.WatchCreateRequest(key=b"a"))]), metadata=metadata, timeout=10)
    assert next(call).created
    call.cancel()


def test_health_service(channel):
    from health import health_pb2 as health
    from health import health_pb2_grpc as services

    stub = services.HealthStub(channel)
    assert stub.Check(health.HealthCheckRequest(), timeout=10).status == 1
    assert refused(stub.Check, health.HealthCheckRequest(service="nothing")) == (
        "NOT_FOUND", "unknown service")
    watch = stub.Watch(health.HealthCheckRequest(), timeout=10)
    assert next(watch).status == 1
    watch.cancel()


@pytest.mark.parametrize("service, method, request_type", [
    ("Auth", "AuthEnable", "AuthEnableRequest"), ("Auth", "UserAdd", "AuthUserAddRequest"),
    ("Maintenance", "Downgrade", "DowngradeRequest"),
])
def test_calls_that_are_still_to_come_are_refused_and_not_ignored(
        start, service, method, request_type):
    request = getattr(rpc, request_type)()
    with api.connect(start().endpoint) as channel:
        _, text = refused(getattr(api.stub(channel, service), method), request)
    assert text


def test_moving_the_leader_to_nobody_is_refused(channel):
    assert refused(api.stub(channel, "Maintenance").MoveLeader, rpc.MoveLeaderRequest(targetID=7)) \
        == ("FAILED_PRECONDITION", "etcdserver: bad leader transferee")


def test_range_stream_sends_doubling_chunks_of_one_revision(start):
    member = start()
    load.fill(member.endpoint, ((b"r/%03d" % number, b"v%d" % number) for number in range(60)))
    with api.connect(member.endpoint) as channel:
        stream = api.stub(channel, "KV").RangeStream
        chunks = [one.range_response for one in stream(
            rpc.RangeRequest(key=b"r/", range_end=b"r0"), timeout=20)]
        assert [len(one.kvs) for one in chunks] == [10, 20, 30]
        assert [one.key for chunk in chunks for one in chunk.kvs] == \
            [b"r/%03d" % number for number in range(60)]
        assert not any(one.HasField("header") or one.count for one in chunks[:-1])
        assert (chunks[-1].count, chunks[-1].more, chunks[-1].header.revision) == (60, False, 2)
        limited = [one.range_response for one in stream(
            rpc.RangeRequest(key=b"r/", range_end=b"r0", limit=15), timeout=20)]
        assert sum(len(one.kvs) for one in limited) == 15
        assert limited[-1].more and limited[-1].count == 60
        empty = [one.range_response for one in stream(rpc.RangeRequest(key=b"x"), timeout=20)]
        assert len(empty) == 1 and empty[0].HasField("header")
        assert refused(stream, rpc.RangeRequest(key=b"r", sort_order=2)) == (
            "UNIMPLEMENTED", "RangeStream does not support custom sort orders")
        assert refused(stream, rpc.RangeRequest(key=b"r", min_mod_revision=2)) == (
            "UNIMPLEMENTED", "RangeStream does not support revision filters")


def test_a_large_range_stream_holds_its_revision_while_writes_go_on(start):
    member = start()
    load.fill(member.endpoint, ((b"r/%04d" % number, bytes(10_000)) for number in range(2_000)))
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        count = 0
        for chunk in kv.RangeStream(rpc.RangeRequest(key=b"r/", range_end=b"r0"), timeout=60):
            for one in chunk.range_response.kvs:
                assert one.version == 1
                count += 1
            kv.Put(rpc.PutRequest(key=b"r/1999", value=b"changed"))
            kv.DeleteRange(rpc.DeleteRangeRequest(key=b"r/1998"))
        assert count == 2_000


def test_watch_events_arrive_soon_while_large_ranges_run(start):
    member = start()
    load.fill(member.endpoint, ((b"r/%05d" % number, bytes(1_000)) for number in range(20_000)))
    running = threading.Event()
    running.set()

    def read():
        with api.connect(member.endpoint) as channel:
            kv = api.stub(channel, "KV")
            while running.is_set():
                kv.Range(rpc.RangeRequest(key=b"r/", range_end=b"r0", limit=5_000), timeout=60)

    readers = [threading.Thread(target=read) for _ in range(2)]
    with api.connect(member.endpoint) as channel:
        watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"w"))]), timeout=60)
        next(watch)
        for one in readers:
            one.start()
        delays = []
        for _ in range(30):
            begin = time.monotonic()
            api.stub(channel, "KV").Put(rpc.PutRequest(key=b"w", value=b"1"), timeout=10)
            next(watch)
            delays.append(time.monotonic() - begin)
        running.clear()
        for one in readers:
            one.join()
        watch.cancel()
    assert sorted(delays)[len(delays) // 2] < 0.15, delays


class Frames:
    """A bare HTTP/2 client, for what client libraries never do."""

    def __init__(self, member):
        self.socket = socket.create_connection(("127.0.0.1", member.client_port), timeout=10)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(4, 0, 0, b"")

    def send(self, kind, flags, stream, payload):
        header = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
        self.socket.sendall(header + struct.pack(">I", stream) + payload)

    def receive(self):
        """(kind, flags, stream, payload), or None at the end."""
        header = self._exactly(9)
        if header is None:
            return None
        payload = self._exactly(int.from_bytes(header[:3], "big"))
        return header[3], header[4], int.from_bytes(header[5:9], "big"), payload

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def until_go_away(self):
        """Error code and text of GOAWAY; None if the connection ends without."""
        while (frame := self.receive()) is not None:
            if frame[0] == 7:
                return struct.unpack(">I", frame[3][4:8])[0], frame[3][8:]
        return None


def test_a_client_that_pings_too_often_is_sent_away(member):
    client = Frames(member)
    client.socket.sendall(b"\0\0\x08\x06\0\0\0\0\0pingpong" * 5)
    assert client.until_go_away() == (11, b"too_many_pings")


def test_pings_are_answered_with_their_bytes(member):
    client = Frames(member)
    client.send(6, 0, 0, b"pingpong")
    while (frame := client.receive())[0] != 6:
        pass
    assert frame[1] == 1 and frame[3] == b"pingpong"


def test_a_flood_of_resets_or_settings_does_not_stop_others(member, kv):
    client = Frames(member)
    try:
        for number in range(20_000):
            client.send(4, 0, 0, b"")
            client.send(3, 0, 2 * number + 1, struct.pack(">I", 8))
    except OSError:
        pass
    kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
    client.socket.close()


def test_keep_alive_streams_answer_in_order(channel):
    lease = api.stub(channel, "Lease")
    lease.LeaseGrant(rpc.LeaseGrantRequest(ID=41, TTL=100), timeout=10)
    lease.LeaseGrant(rpc.LeaseGrantRequest(ID=42, TTL=200), timeout=10)
    asked = [41, 42, 43, 42, 41]
    answers = lease.LeaseKeepAlive(
        iter([rpc.LeaseKeepAliveRequest(ID=one) for one in asked]), timeout=20)
    assert [(one.ID, one.TTL) for one in answers] == [
        (41, 100), (42, 200), (43, 0), (42, 200), (41, 100)]


def test_snapshot_ends_with_the_hash_of_what_came_before(start):
    import hashlib

    member = start()
    load.fill(member.endpoint, ((b"s%d" % number, bytes(1_000)) for number in range(500)))
    with api.connect(member.endpoint) as channel:
        answers = list(api.stub(channel, "Maintenance").Snapshot(rpc.SnapshotRequest(), timeout=60))
    data = b"".join(one.blob for one in answers)
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]
    assert answers[-1].remaining_bytes == 0
    assert [one.remaining_bytes for one in answers] == sorted(
        (one.remaining_bytes for one in answers), reverse=True)
