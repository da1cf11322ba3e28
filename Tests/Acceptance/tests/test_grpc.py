"""gRPC as used by clients of other languages: deadlines, cancellation, limits, keepalive."""
import gzip
import queue
import statistics
import struct
import threading
import time

import grpc
import pytest

from acceptance import api, load
from acceptance.frames import Frames, hpack_text, message, request_fields

rpc = api.rpc


@pytest.fixture
def channel(member):
    with api.connect(member.endpoint) as one:
        yield one


@pytest.fixture
def kv(channel):
    return api.stub(channel, "KV")


def refused(call, *arguments, **options):
    """Code and message of a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        response = call(*arguments, timeout=20, **options)
        if hasattr(response, "__next__"):
            list(response)
    return error.value.code().name, error.value.details()


def raw(channel, path):
    return channel.unary_unary(
        path, request_serializer=lambda data: data, response_deserializer=lambda data: data)


def test_unknown_services_and_methods_are_unimplemented(channel):
    assert refused(raw(channel, "/no.such.Service/Method"), b"") == (
        "UNIMPLEMENTED", "unknown service no.such.Service")
    assert refused(raw(channel, "/etcdserverpb.KV/Method"), b"") == (
        "UNIMPLEMENTED", "unknown method Method for service etcdserverpb.KV")


def test_an_invalid_message_is_rejected_and_the_connection_stays_open(channel, kv):
    code, _ = refused(raw(channel, "/etcdserverpb.KV/Put"), b"\xff" * 50)
    assert code in ("INTERNAL", "INVALID_ARGUMENT")
    kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)


def test_too_large_requests_are_rejected_by_size(kv):
    code, text = refused(kv.Put, rpc.PutRequest(key=b"a", value=bytes(1_600_000)))
    assert (code, text) == ("INVALID_ARGUMENT", "etcdserver: request is too large")
    request = rpc.PutRequest(key=b"a", value=bytes(3_000_000))
    assert refused(kv.Put, request) == (
        "RESOURCE_EXHAUSTED",
        f"grpc: received message larger than max ({request.ByteSize()} vs. 2097152)")
    kv.Put(rpc.PutRequest(key=b"a", value=bytes(1_500_000)), timeout=10)


def test_metadata_of_a_megabyte_is_accepted(channel, kv):
    watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
        create_request=rpc.WatchCreateRequest(key=b"m"))]), timeout=60)
    assert next(watch).created
    for size in (60_000, 120_000, 1_000_000):
        for metadata in ([("x-long", "v" * size)],
                         [("x-%d" % number, "v" * 10_000) for number in range(size // 10_000)]):
            kv.Put(rpc.PutRequest(key=b"m", value=b"1"), metadata=metadata, timeout=20)
            assert next(watch).events
    watch.cancel()


GZIP = grpc.Compression.Gzip


def test_requests_may_be_compressed(channel, kv):
    value = b"compressible " * 50_000
    kv.Put(rpc.PutRequest(key=b"z", value=value), compression=GZIP, timeout=10)
    for compression in (GZIP, None):
        response = kv.Range(rpc.RangeRequest(key=b"z"), compression=compression, timeout=10)
        assert response.kvs[0].value == value
    chunks = list(kv.RangeStream(rpc.RangeRequest(key=b"z"), compression=GZIP, timeout=10))
    assert chunks[-1].range_response.kvs[0].value == value
    watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
        create_request=rpc.WatchCreateRequest(key=b"z"))]), compression=GZIP, timeout=10)
    assert next(watch).created
    kv.Put(rpc.PutRequest(key=b"z", value=value), timeout=10)
    assert next(watch).events[0].kv.value == value
    watch.cancel()
    assert refused(kv.Range, rpc.RangeRequest(), compression=GZIP) == (
        "INVALID_ARGUMENT", "etcdserver: key is not provided")


def test_a_large_range_is_streamed_to_a_client_that_accepts_compression(start):
    member = start()
    load.fill(member.endpoint, ((b"g/%05d" % number, bytes(1_000)) for number in range(5_000)))
    with api.connect(member.endpoint) as channel:
        response = api.stub(channel, "KV").Range(
            rpc.RangeRequest(key=b"g/", range_end=b"g0"), compression=GZIP, timeout=30)
        assert len(response.kvs) == response.count == 5_000


def test_the_response_to_a_client_that_compresses_is_compressed(member, kv):
    value = b"compressible " * 1_000
    kv.Put(rpc.PutRequest(key=b"z", value=value), timeout=10)
    client = Frames(member)
    request = rpc.RangeRequest(key=b"z").SerializeToString()
    client.call(1, "/etcdserverpb.KV/Range", message(request), ("grpc-encoding", "gzip"))
    response = client.until(0)[3]
    assert response[0] == 1 and len(response) < 1_000
    assert rpc.RangeResponse.FromString(gzip.decompress(response[5:])).kvs[0].value == value
    client.call(3, "/etcdserverpb.KV/Range", message(gzip.compress(request), compressed=True),
                ("grpc-encoding", "gzip"))
    assert gzip.decompress(client.until(0)[3][5:])
    client.call(5, "/etcdserverpb.KV/Range", message(request), ("grpc-encoding", "identity"))
    assert client.until(0)[3][0] == 0


def test_a_request_that_inflates_beyond_the_limit_is_rejected_in_little_memory(start):
    member = start()
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
        before = load.anonymous_bytes(member.process.pid)
        request = rpc.PutRequest(key=b"a", value=bytes(128 << 20))
        for _ in range(2):
            assert refused(kv.Put, request, compression=GZIP) == (
                "RESOURCE_EXHAUSTED",
                "grpc: received message after decompression larger than max 2097152")
        assert load.anonymous_bytes(member.process.pid) - before < 64 << 20
        kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)


def test_other_compressions_are_rejected(kv):
    assert refused(kv.Range, rpc.RangeRequest(key=b"a"), compression=grpc.Compression.Deflate) == (
        "UNIMPLEMENTED", 'grpc: Decompressor is not installed for grpc-encoding "deflate"')


def streamed(channel, path, count):
    """Code and message of a call with `count` messages, also for a unary method."""
    call = channel.stream_stream(
        path, request_serializer=lambda data: data, response_deserializer=lambda data: data)
    try:
        list(call(iter([rpc.RangeRequest(key=b"a").SerializeToString()] * count), timeout=10))
    except grpc.RpcError as error:
        return error.code().name, error.details()
    return "OK", ""


def test_calls_with_no_message_or_two_end_as_in_grpc_go(channel):
    assert streamed(channel, "/etcdserverpb.KV/Range", 0) == ("UNKNOWN", "EOF")
    assert streamed(channel, "/etcdserverpb.KV/Range", 2) == ("OK", "")
    violation = "cardinality violation: received %s non-client-streaming RPC"
    assert streamed(channel, "/etcdserverpb.KV/RangeStream", 0) == (
        "INTERNAL", violation % "no request message from")
    assert streamed(channel, "/etcdserverpb.KV/RangeStream", 2) == (
        "INTERNAL", violation % "multiple request messages for")


def test_a_transaction_nested_too_deep_has_too_many_operations(kv):
    nested = rpc.TxnRequest()
    for _ in range(300):
        outer = rpc.TxnRequest()
        outer.success.add().request_txn.CopyFrom(nested)
        nested = outer
    assert refused(kv.Txn, nested) == (
        "INVALID_ARGUMENT", "etcdserver: too many operations in txn request")


def test_a_peer_url_may_have_any_port_number(start):
    with api.connect(start().endpoint) as channel:
        add = api.stub(channel, "Cluster").MemberAdd
        url = "http://127.0.0.1:99999"
        response = add(rpc.MemberAddRequest(peerURLs=[url], isLearner=True), timeout=10)
        assert response.member.peerURLs == [url]
        assert refused(add, rpc.MemberAddRequest(peerURLs=["http://127.0.0.1:9a"])) == (
            "INVALID_ARGUMENT", "etcdserver: given member URLs are invalid")


def test_a_deadline_ends_a_call(channel):
    call = api.stub(channel, "Watch").Watch(iter(lambda: time.sleep(60), 1), timeout=0.5)
    begin = time.monotonic()
    with pytest.raises(grpc.RpcError) as error:
        next(call)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - begin < 30


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
    end = time.monotonic() + 60
    while "etcd_debugging_mvcc_watcher_total 0" not in member.get("/metrics")[1]:
        assert time.monotonic() < end, "watchers of cancelled calls are not removed"
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
        done.wait(120)

    call = api.stub(channel, "Watch").Watch(until_done(), timeout=120)
    responses = [next(call) for _ in range(1200)]
    assert sorted(one.watch_id for one in responses if one.created) == list(range(1, 601))
    assert sorted(one.watch_id for one in responses if one.canceled) == list(range(1, 601))
    done.set()


@pytest.mark.parametrize("real", [True, False], ids=["real", "ours"])
def test_the_history_is_sent_in_one_response_or_in_fragments(start, real):
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


def test_a_compacted_watcher_keeps_its_id_until_it_is_cancelled(start):
    with api.connect(start().endpoint) as channel:
        kv = api.stub(channel, "KV")
        for _ in range(5):
            kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)
        kv.Compact(rpc.CompactionRequest(revision=5, physical=True), timeout=10)
        requests = queue.Queue()
        call = api.stub(channel, "Watch").Watch(iter(requests.get, None), timeout=20)

        def send(**request):
            requests.put(rpc.WatchRequest(**request))
            return next(call)

        one = rpc.WatchCreateRequest(key=b"a", watch_id=1, start_revision=2)
        assert send(create_request=one).created
        assert next(call).compact_revision == 5
        assert "duplicate watch ID" in send(create_request=one).cancel_reason
        automatic = rpc.WatchCreateRequest(key=b"a")
        assert [send(create_request=automatic).watch_id for _ in range(2)] == [0, 2]
        response = send(cancel_request=rpc.WatchCancelRequest(watch_id=1))
        assert (response.canceled, response.watch_id) == (True, 1)
        one.start_revision = 0
        assert send(create_request=one).created
        requests.put(None)
        call.cancel()


def test_a_call_that_requires_a_leader_succeeds_with_one(kv, channel):
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
    listed = stub.List(health.HealthListRequest(), timeout=10).statuses
    assert {name: one.status for name, one in listed.items()} == {"": 1}


def series(member, name, method):
    """The sum of a metric over the series of one gRPC method."""
    lines = member.get("/metrics")[1].splitlines()
    found = [line for line in lines if line.startswith(name + "{") and f'"{method}"' in line]
    assert found, f"no series {name} of {method}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def test_messages_and_calls_are_counted_as_grpc_go_counts_them(start):
    member = start()
    counted = {}

    def added(method):
        """Increase of the counters started, handled, received, sent since the last call."""
        names = ["started", "handled", "msg_received", "msg_sent"]
        now = [series(member, f"grpc_server_{name}_total", method) for name in names]
        before = counted.get(method, [0] * 4)
        counted[method] = now
        return [one - old for one, old in zip(now, before)]

    def wait_added(method, expected):
        """Waits for the increase at the end of a stream."""
        end = time.monotonic() + 60
        total = [0] * 4
        while total != expected:
            assert time.monotonic() < end, (method, total)
            total = [one + old for one, old in zip(added(method), total)]
            time.sleep(0.02)

    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        kv.Range(rpc.RangeRequest(key=b"a"), timeout=10)
        assert added("Range") == [1, 1, 1, 1]
        refused(kv.Range, rpc.RangeRequest())
        assert added("Range") == [1, 1, 1, 1]
        streamed(channel, "/etcdserverpb.KV/Range", 0)
        assert added("Range") == [0, 0, 0, 0]
        refused(raw(channel, "/etcdserverpb.KV/Range"), b"\xff" * 50)
        assert added("Range") == [0, 0, 0, 0]
        list(kv.RangeStream(rpc.RangeRequest(key=b"a"), timeout=10))
        assert added("RangeStream") == [1, 1, 1, 1]
        refused(kv.RangeStream, rpc.RangeRequest())
        assert added("RangeStream") == [1, 1, 1, 0]
        list(api.stub(channel, "Lease").LeaseKeepAlive(
            iter([rpc.LeaseKeepAliveRequest(ID=1)] * 2), timeout=10))
        wait_added("LeaseKeepAlive", [1, 1, 3, 2])
        watch = api.stub(channel, "Watch").Watch(iter([rpc.WatchRequest(
            create_request=rpc.WatchCreateRequest(key=b"a"))]), timeout=10)
        next(watch)
        watch.cancel()
        wait_added("Watch", [1, 1, 2, 1])
        assert added("List") == [0, 0, 0, 0]


@pytest.mark.parametrize("service, method, request_type", [
    ("Auth", "AuthEnable", "AuthEnableRequest"), ("Auth", "UserAdd", "AuthUserAddRequest"),
    ("Maintenance", "Downgrade", "DowngradeRequest"),
])
def test_unsupported_calls_are_rejected_and_not_ignored(
        start, service, method, request_type):
    request = getattr(rpc, request_type)()
    with api.connect(start().endpoint) as channel:
        _, text = refused(getattr(api.stub(channel, service), method), request)
    assert text


def test_moving_the_leader_to_an_unknown_member_is_rejected(channel):
    assert refused(api.stub(channel, "Maintenance").MoveLeader, rpc.MoveLeaderRequest(targetID=7)) \
        == ("FAILED_PRECONDITION", "etcdserver: bad leader transferee")


def test_a_range_stream_that_only_counts_is_one_message_without_pairs(start):
    member = start()
    load.fill(member.endpoint, ((b"c/%d" % number, b"v") for number in range(3)))
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        kv.Put(rpc.PutRequest(key=b"c/3", value=b"v"), timeout=10)
        revision = kv.Range(rpc.RangeRequest(key=b"c"), timeout=10).header.revision

        def count(**options):
            request = rpc.RangeRequest(key=b"c/", range_end=b"c0", count_only=True, **options)
            responses = [one.range_response for one in kv.RangeStream(request, timeout=20)]
            assert len(responses) == 1 and responses[0].HasField("header")
            assert not responses[0].kvs and not responses[0].more
            assert responses[0].header.revision == revision
            return responses[0].count

        assert count() == 4
        assert count(limit=1) == 4
        assert count(revision=revision - 1, serializable=True) == 3
        request = rpc.RangeRequest(key=b"c", count_only=True, revision=revision + 1)
        assert refused(kv.RangeStream, request) == (
            "OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision")
        kv.Compact(rpc.CompactionRequest(revision=revision), timeout=10)
        request = rpc.RangeRequest(key=b"c", count_only=True, revision=revision - 1)
        assert refused(kv.RangeStream, request) == (
            "OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted")


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


def test_a_large_range_stream_keeps_its_revision_during_writes(start):
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


def test_watch_events_are_not_delayed_by_large_ranges(start):
    member = start()
    load.fill(member.endpoint, ((b"r/%05d" % number, bytes(1_000)) for number in range(20_000)))
    running = threading.Event()
    running.set()
    ranges = []

    def read():
        with api.connect(member.endpoint) as channel:
            kv = api.stub(channel, "KV")
            while running.is_set():
                begin = time.monotonic()
                kv.Range(rpc.RangeRequest(key=b"r/", range_end=b"r0", limit=20_000), timeout=60)
                ranges.append(time.monotonic() - begin)

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
    # An event that waits for the end of a range would take as long as the range.
    assert statistics.median(delays) < statistics.median(ranges), (delays, ranges)


def test_a_client_that_pings_too_often_receives_goaway(member):
    client = Frames(member)
    client.socket.sendall(b"\0\0\x08\x06\0\0\0\0\0pingpong" * 5)
    assert client.until_go_away() == (11, b"too_many_pings")


def test_ping_acknowledgements_have_the_same_payload(member):
    client = Frames(member)
    client.send(6, 0, 0, b"pingpong")
    while (frame := client.receive())[0] != 6:
        pass
    assert frame[1] == 1 and frame[3] == b"pingpong"


@pytest.mark.parametrize("fields", [
    [("Upper", "case")], [("connection", "keep-alive")], [(":path", "/other")],
    [("a b", "c")], [("control", "a\nb")], [(":authority", "second")], [(":unknown", "1")],
    [("x", "y" * 70_000), ("Upper", "case")],
])
def test_malformed_headers_reset_only_their_stream(member, fields):
    client = Frames(member)
    usual = request_fields("/etcdserverpb.KV/Range")
    pseudo = [one for one in fields if one[0].startswith(":")]
    regular = [one for one in fields if one not in pseudo]
    client.headers(1, *usual[:4], *pseudo, *usual[4:], *regular)
    kind, _, stream, payload = client.until(1, 3, 7)
    assert (kind, stream, payload) == (3, 1, struct.pack(">I", 1))
    request = rpc.RangeRequest(key=b"a").SerializeToString()
    client.call(3, "/etcdserverpb.KV/Range", message(request))
    assert client.until(0, 3, 7)[0] == 0


def test_an_endless_header_block_closes_only_its_connection(member, kv):
    for piece in (b"", b"\0\x01x\x01y", b"\0\x01x" + hpack_text(b"y" * 16_000)):
        client = Frames(member)
        client.send(1, 0, 1, b"")
        try:
            for _ in range(1_500):
                client.send(9, 0, 1, piece)
        except OSError:
            pass
        client.until_go_away()
    kv.Put(rpc.PutRequest(key=b"a", value=b"1"), timeout=10)


def test_a_member_that_stops_sends_goaway(start):
    member = start()
    client = Frames(member)
    client.until(4)
    member.process.terminate()
    assert client.until_go_away() == (0, b"graceful_stop")


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


def test_keep_alive_streams_respond_in_order(channel):
    lease = api.stub(channel, "Lease")
    lease.LeaseGrant(rpc.LeaseGrantRequest(ID=41, TTL=100), timeout=10)
    lease.LeaseGrant(rpc.LeaseGrantRequest(ID=42, TTL=200), timeout=10)
    leases = [41, 42, 43, 42, 41]
    responses = lease.LeaseKeepAlive(
        iter([rpc.LeaseKeepAliveRequest(ID=one) for one in leases]), timeout=20)
    assert [(one.ID, one.TTL) for one in responses] == [
        (41, 100), (42, 200), (43, 0), (42, 200), (41, 100)]


def test_a_snapshot_ends_with_its_hash(start):
    import hashlib

    member = start()
    load.fill(member.endpoint, ((b"s%d" % number, bytes(1_000)) for number in range(500)))
    with api.connect(member.endpoint) as channel:
        snapshot = api.stub(channel, "Maintenance").Snapshot
        responses = list(snapshot(rpc.SnapshotRequest(), timeout=60))
    data = b"".join(one.blob for one in responses)
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]
    assert responses[-1].remaining_bytes == 0
    assert [one.remaining_bytes for one in responses] == sorted(
        (one.remaining_bytes for one in responses), reverse=True)
