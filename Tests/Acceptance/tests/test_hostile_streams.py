"""Hostile clients on open connections: streams that are never read, compressed header fields,
floods of frames, second requests, compressed requests.

Each test states the memory that the member may take, above what it has, and requires that other
clients are served within a second and that the leader keeps leading.
"""
import gzip
import struct
import threading
import time

import grpc
import pytest

from acceptance import api
from acceptance.cluster import is_3_5
from acceptance.frames import (
    Frames, frame, header_block, hpack_text, message, request_fields)
from acceptance.greedy import PeakMemory
from acceptance.hostile import MEGABYTE
from acceptance.members import our_etcd

rpc = api.rpc
pytestmark = pytest.mark.alone
INITIAL_WINDOW_SIZE = 4
NO_WINDOW = {INITIAL_WINDOW_SIZE: 0}


def watch_request(**fields):
    return message(rpc.WatchRequest(**fields).SerializeToString())


# What a stream that is never read sends again and again; each part has a response.
ENDLESS = {
    "keepalive": ("/etcdserverpb.Lease/LeaseKeepAlive",
                  message(rpc.LeaseKeepAliveRequest(ID=12345).SerializeToString())),
    "create and cancel": ("/etcdserverpb.Watch/Watch",
                          watch_request(create_request=rpc.WatchCreateRequest(
                              key=b"k", watch_id=7))
                          + watch_request(cancel_request=rpc.WatchCancelRequest(watch_id=7))),
    "refused creations": ("/etcdserverpb.Watch/Watch",
                          watch_request(create_request=rpc.WatchCreateRequest(
                              key=b"b", range_end=b"a"))),
    "progress": ("/etcdserverpb.Watch/Watch",
                 watch_request(progress_request=rpc.WatchProgressRequest())),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_stream_that_is_never_read_costs_little(attacked, what):
    """Limit: 24 MB for requests without end whose responses are never read."""
    path, data = ENDLESS[what]
    with attacked.attack(24):
        client = Frames(attacked.victim, NO_WINDOW)
        client.headers(1, *request_fields(path))
        sent = client.flood(1, data * (1_000 // len(data)), seconds=2, total=20 * MEGABYTE)
        print(f"{sent} bytes were taken")
    client.socket.close()


def proclaim(victim, observers):
    """Proclaims 40 values of 250 kB; the streams of these observers are never read."""
    from v3electionpb import v3election_pb2 as election

    with victim.connect() as channel:
        lease = api.stub(channel, "Lease").LeaseGrant(rpc.LeaseGrantRequest(TTL=60), timeout=10).ID
        stub = api.stub(channel, "Election")
        leader = stub.Campaign(election.CampaignRequest(name=b"e", lease=lease, value=b"0"),
                               timeout=10).leader
        client = Frames(victim, NO_WINDOW)
        body = message(election.LeaderRequest(name=b"e").SerializeToString())
        for number in range(observers):
            client.call(2 * number + 1, "/v3electionpb.Election/Observe", body)
        for _ in range(40):
            stub.Proclaim(election.ProclaimRequest(leader=leader, value=bytes(250_000)), timeout=10)
        time.sleep(0.3)
        client.socket.close()
        stub.Resign(election.ResignRequest(leader=leader), timeout=10)


def test_observers_that_never_read_share_the_values(attacked):
    """Limit for 400 MB to 40 observers: 1.5 MB each above the same values without observers. An
    observer holds its stream's high-water mark of 256 KB and the newest value."""
    with PeakMemory(attacked.victim) as alone:
        proclaim(attacked.victim, observers=0)
    with attacked.attack(60 + alone.growth / MEGABYTE):
        proclaim(attacked.victim, observers=40)


def test_watches_of_the_health_that_are_never_read_cost_little(attacked):
    """Limit: 40 MB for 2,000 streams, 20 kB each."""
    with attacked.attack(40):
        client = Frames(attacked.victim, NO_WINDOW)
        for number in range(2_000):
            client.call(2 * number + 1, "/grpc.health.v1.Health/Watch", message(b""))
        time.sleep(0.5)
    client.socket.close()


def amplified(count):
    """A header block that names an entry of 4,000 bytes of the table `count` times."""
    return header_block(request_fields("/etcdserverpb.Watch/Watch")) + b"\xbe" * count


def test_compressed_header_fields_are_not_held(attacked):
    """Limit: 20 times the 1 MB that is sent; it stands for 4 GB of header fields."""
    entry = b"\x40" + hpack_text(b"x") + hpack_text(b"v" * 4_000)
    sent, connections = 0, []
    with attacked.attack(20):
        while sent < MEGABYTE and len(connections) < 200:
            client = Frames(attacked.victim)
            connections.append(client)
            try:
                block = header_block(request_fields("/etcdserverpb.Watch/Watch")) + entry
                for number in range(100):
                    client.block(2 * number + 1, block)
                    sent += len(block)
                    block = amplified(1_000)
            except OSError:
                continue
    for one in connections:
        one.socket.close()


FLOODS = {
    "CONTINUATION": lambda number: frame(9, 0, 1, b"\0\x01x\x01y"),
    "empty CONTINUATION": lambda number: frame(9, 0, 1, b""),
    "RST_STREAM": lambda number: (
        frame(1, 4, 2 * number + 1, header_block(request_fields("/etcdserverpb.KV/Range")))
        + frame(3, 0, 2 * number + 1, struct.pack(">I", 8))),
    "SETTINGS": lambda number: frame(4, 0, 0, struct.pack(">HI", 4, 65_535) * 100),
    "PING": lambda number: frame(6, 0, 0, b"pingpong"),
    "PRIORITY": lambda number: frame(2, 0, 2 * number + 1, struct.pack(">IB", 2 * number + 3, 16)),
    "WINDOW_UPDATE": lambda number: frame(8, 0, 0, struct.pack(">I", 1)),
    "empty DATA": lambda number: frame(0, 0, 1, b""),
    "unknown": lambda number: frame(200, 0, 0, b"x" * 100),
}


def flood(attacked, kind, seconds):
    """Sends frames of a kind and reads nothing; opens a new connection when one is closed."""
    end, connections, sent = time.monotonic() + seconds, 0, 0
    pieces = [b"".join(FLOODS[kind](number) for number in range(start, start + 100))
              for start in range(0, 20_000, 100)]
    while time.monotonic() < end and connections < 100:
        connections += 1
        try:
            client = Frames(attacked.victim, NO_WINDOW)
            client.socket.settimeout(0.3)
            if kind.endswith("CONTINUATION"):
                client.send(1, 0, 1, b"")
            elif kind == "empty DATA":
                client.headers(1, *request_fields("/etcdserverpb.Watch/Watch"))
            for piece in pieces:
                if time.monotonic() > end:
                    break
                client.socket.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        finally:
            client.socket.close()
    print(f"{kind}: {sent} bytes over {connections} connections")


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_frames_does_not_stop_others(attacked, kind):
    """Limit: 24 MB."""
    with attacked.attack(24):
        flood(attacked, kind, seconds=1)


def second_request(channel, path, request):
    """Code of a call with two requests."""
    call = channel.stream_stream(
        path, request_serializer=lambda data: data, response_deserializer=lambda data: data)
    with pytest.raises(grpc.RpcError) as error:
        for _ in call(iter([request] * 2), timeout=10):
            pass
    return error.value.code().name, error.value.details()


@pytest.mark.parametrize("path", [
    "/etcdserverpb.Maintenance/Snapshot", "/grpc.health.v1.Health/Watch",
    "/v3electionpb.Election/Observe"])
@pytest.mark.skipif(is_3_5(our_etcd()), reason="a rule of newer versions of the gRPC library")
def test_a_second_request_ends_a_call_that_has_one(attacked, path):
    with attacked.attack(24), attacked.victim.connect() as channel:
        for _ in range(20):
            assert second_request(channel, path, b"") == (
                "INTERNAL", "cardinality violation: received multiple request messages for "
                "non-client-streaming RPC")


def test_compressed_requests_are_inflated_within_limits(attacked):
    """Limit: 64 MB for 160 requests that inflate to 100 MB each, 16 at once."""
    body = gzip.compress(bytes(100 * MEGABYTE), 1)
    fields = [*request_fields("/etcdserverpb.KV/Put"), ("grpc-encoding", "gzip")]

    def send():
        client = Frames(attacked.victim)
        for number in range(10):
            client.headers(2 * number + 1, *fields)
            client.flood(2 * number + 1, message(body, compressed=True)[:16_000], 5, 16_000)
            piece = message(body, compressed=True)[16_000:]
            try:
                for start in range(0, len(piece), 16_000):
                    client.send(0, start + 16_000 >= len(piece), 2 * number + 1,
                                piece[start:start + 16_000])
            except OSError:
                break
        client.socket.close()

    with attacked.attack(64):
        threads = [threading.Thread(target=send) for _ in range(16)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        with attacked.victim.connect() as channel:
            with pytest.raises(grpc.RpcError) as error:
                api.stub(channel, "KV").Put(rpc.PutRequest(key=b"a", value=bytes(30 * MEGABYTE)),
                                            compression=grpc.Compression.Gzip, timeout=10)
            assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            api.stub(channel, "KV").Put(rpc.PutRequest(key=b"a", value=b"small" * 1_000),
                                        compression=grpc.Compression.Gzip, timeout=10)
