"""Workloads: the requests of a row and their client."""
import contextlib
import re

import grpc

from acceptance import api
from benchmarks.measurements import client

rpc = api.rpc

KEYS = 100_000
KEY_BYTES = 8
VALUE_BYTES = 256
# Live leases during the lease rows.
LEASES = 100_000


def is_selected(word, name):
    """Whether `name` has `word` in it; "load" is not in "h2load"."""
    return re.search(rf"(?<!\w){re.escape(word)}", name) is not None


class Row:
    """A workload of our load generator."""

    def __init__(self, name, command, *options, seconds=1.0, spread=False, follower=False,
                 preparation=(), beside=None, watches_all=False):
        self.name, self.command, self.options = name, command, list(options)
        # Whether connections are distributed over all members, or all go to the leader.
        self.spread = spread
        # Whether they go to a follower instead.
        self.follower = follower
        # Whether another process watches all keys meanwhile.
        self.watches_all = watches_all
        # Duration as a multiple of the configured seconds.
        self.share = seconds
        # Arguments of a load generator run before the row, once for each server.
        self.preparation = preparation
        # The name of the same row without TLS or users, measured before this one.
        self.beside = beside

    def prepare(self, server):
        if self.preparation and self.preparation not in server.preparations:
            server.preparations.add(self.preparation)
            client.generate(server, *self.preparation)

    def run(self, server, seconds, directory, rate=None):
        """Runs a closed loop, or an open loop with `rate` requests per second."""
        arguments = [*self.options, "--seconds", seconds * self.share]
        if rate:
            arguments += ["--rate", rate]
        with self.watcher(server):
            return client.generate(
                server, self.command, *arguments, endpoint=self.endpoint(server))

    def endpoint(self, server):
        if self.spread:
            return server.all_endpoints
        return server.followers()[0].endpoint if self.follower else server.endpoint

    def watcher(self, server):
        if not self.watches_all:
            return contextlib.nullcontext()
        return client.idle_clients(server.endpoint, 1, 1, "--whole", *server.client_flags)

    def is_served(self, server):
        """Whether the server has the method of the row."""
        return True


class RangeStreamRow(Row):
    """All keys as streams, which etcd has from 3.7 on."""

    def is_served(self, server):
        with server.connect() as channel:
            call = channel.unary_stream(
                "/etcdserverpb.KV/RangeStream",
                request_serializer=rpc.RangeRequest.SerializeToString,
                response_deserializer=bytes)
            try:
                list(call(rpc.RangeRequest(key=b"none"), timeout=10))
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                    return False
                raise
        return True


class ClientRow(Row):
    """Calls whose costs for the client are measured: heap allocations beside the CPU time."""

    def client_allocations(self, server):
        return client.allocations(server, self.command, *self.options)


class H2loadRow(Row):
    """The same workload with h2load, to validate our load generator.

    All requests have the same body. Latencies are from its log file.
    """

    def run(self, server, seconds, directory, rate=None):
        return client.h2load(server, self.command, self.options[0], seconds, directory)


def field(number, content):
    """A protobuf field of bytes."""
    length, size = b"", len(content)
    while size >= 128:
        length, size = length + bytes([size % 128 + 128]), size // 128
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


MANY = ("--connections", 100, "--streams", 10)
HUNDRED_STREAMS = ("--connections", 10, "--streams", 10)
KEY = b"0" * (KEY_BYTES - 1) + b"7"
PUT_BODY = field(1, KEY) + field(2, b"v" * VALUE_BYTES)

ROWS = [
    Row("put, 1 x 1", "put"),
    Row("put, 100 x 10", "put", *MANY, seconds=1.5),
    H2loadRow("put, 100 x 10, h2load", "Put", PUT_BODY),
    Row("txn, 100 x 10", "txn", *MANY),
    Row("range 1 key, 1 x 1", "range"),
    Row("range 1 key, 100 x 10", "range", *MANY, seconds=1.5),
    H2loadRow("range 1 key, 100 x 10, h2load", "Range", field(1, KEY)),
    Row("range 1 key serializable, 100 x 10", "range", *MANY, "--serializable"),
    Row("range 1,000 keys, 10 x 1", "range", "--connections", 10, "--range-size", 1000),
    Row("watch, 1,000 watchers (events)", "watch", *HUNDRED_STREAMS, "--watchers", 1000),
    Row("watch, 10,000 watchers on 100 streams (events)", "watch", *HUNDRED_STREAMS,
        "--watchers", 10_000, "--outstanding", 4),
    Row("watch, 1,000 writers with a watcher each", "notify", *MANY),
]

# What the client library costs, beside the bare calls of the load generator.
LIBRARY_ROWS = [
    ClientRow("client: put, 1 x 1", "put"),
    ClientRow("client: put by EtcdClient, 1 x 1", "put", "--library"),
    ClientRow("client: put, 1 x 10", "put", "--streams", 10),
    ClientRow("client: put by EtcdClient, 1 x 10", "put", "--streams", 10, "--library"),
    ClientRow("client: put and its event, 1 x 1", "notify"),
    ClientRow("client: put and its event by EtcdClient, 1 x 1", "notify", "--library"),
]

# The leases before the rows, which grant more.
LIVE_LEASES = ("lease-grant", *MANY, "--leases", LEASES)

LEASE_ROWS = [
    Row(f"lease grant, {LEASES:,} live, 100 x 10", "lease-grant", *MANY, preparation=LIVE_LEASES),
    Row(f"lease keepalive, {LEASES:,} live, 100 x 10", "keepalive", *MANY, "--leases", LEASES,
        preparation=LIVE_LEASES),
]

WHOLE_VALUE_BYTES = 1024

WHOLE_ROWS = [
    Row(f"range of all {KEYS:,} keys (1 KB), 8 x 1", "range", "--connections", 8, "--whole"),
]

NODES = 100_000
LARGE_KEYS, LARGE_VALUE_BYTES = 10_000, 100_000
LARGE_EVENT_BYTES = 3 * 1024

EVENT_ROWS = [
    Row("watch, 10,000 streams of 3 KB events", "watch", "--connections", 100, "--streams", 100,
        "--watchers", 10_000, "--value-size", LARGE_EVENT_BYTES),
]

STREAM_ROWS = [
    RangeStreamRow(f"RangeStream of {LARGE_KEYS:,} keys of 100 KB, 5 x 1", "range-stream",
                   "--connections", 5, "--keys", LARGE_KEYS),
]

# Each node of a Kubernetes cluster renews its Lease object, and the controllers watch all of them.
NODE_ROWS = [
    Row(f"Lease objects of {NODES:,} nodes (600 B), 100 x 10", "txn", *MANY, "--keys", NODES,
        "--value-size", 600, watches_all=True, seconds=1.5),
]

# The writes of a kube-apiserver with eight clients.
OBJECT_ROWS = [
    Row("objects: txn of 1 compare and 1 put of 700 B, 8 x 1", "txn", "--connections", 8,
        "--value-size", 700),
]

TRIO_ROWS = [
    Row("3 members: put, 1 x 1", "put"),
    Row("3 members: put, 3 x 1, spread", "put", "--connections", 3, spread=True),
    Row("3 members: put, 100 x 10", "put", *MANY, seconds=1.5),
    Row("3 members: put, 100 x 10, spread", "put", *MANY, seconds=1.5, spread=True),
    Row("3 members: txn of 4 puts and 2 compares, 100 x 10", "txn", *MANY, "--puts", 4,
        "--compares", 2),
    Row("3 members: range 1 key, 1 x 1", "range"),
    Row("3 members: range 1 key, 100 x 10", "range", *MANY),
    Row("3 members: range 1 key, 100 x 10, spread", "range", *MANY, spread=True),
    Row("3 members: range 1 key serializable, 100 x 10, spread", "range", *MANY, "--serializable",
        spread=True),
    Row("3 members: 80 % ranges and 20 % puts, 100 x 10", "mix", *MANY, seconds=1.5),
]

FEW_LEASES = 10_000
TRIO_LEASES = ("lease-grant", *MANY, "--leases", FEW_LEASES)

TRIO_LEASE_ROWS = [
    Row("3 members: lease keepalive, 1 x 1", "keepalive", "--leases", FEW_LEASES,
        preparation=TRIO_LEASES),
    Row("3 members: lease keepalive through a follower, 1 x 1", "keepalive", "--leases",
        FEW_LEASES, follower=True, preparation=TRIO_LEASES),
    Row("3 members: lease keepalive through a follower, 10 x 100", "keepalive",
        "--connections", 10, "--streams", 100, "--leases", FEW_LEASES, follower=True,
        preparation=TRIO_LEASES),
]

TLS_ROWS = [
    Row("TLS: put, 100 x 10", "put", *MANY, seconds=1.5, beside="put, 100 x 10"),
    Row("TLS: range 1 key, 100 x 10", "range", *MANY, seconds=1.5,
        beside="range 1 key, 100 x 10"),
    # A request is a connection with its handshake.
    Row("TLS: handshake, P-256", "connect", "--connections", 8),
]

TLS_RSA_ROWS = [
    Row("TLS with RSA: put, 100 x 10", "put", *MANY, seconds=1.5, beside="put, 100 x 10"),
    Row("TLS with RSA: range 1 key, 100 x 10", "range", *MANY, seconds=1.5,
        beside="range 1 key, 100 x 10"),
    Row("TLS: handshake, RSA 2048", "connect", "--connections", 8),
]

TLS_WHOLE_ROWS = [
    Row(f"TLS: range of all {KEYS:,} keys (1 KB), 8 x 1", "range", "--connections", 8, "--whole"),
]

TLS_TRIO_ROWS = [
    Row("3 members, TLS: put, 100 x 10", "put", *MANY, seconds=1.5,
        beside="3 members: put, 100 x 10"),
]

USER_ROWS = [
    Row("users: put, 100 x 10", "put", *MANY, seconds=1.5, beside="put, 100 x 10"),
    Row("users: range 1 key, 100 x 10", "range", *MANY, seconds=1.5,
        beside="range 1 key, 100 x 10"),
]

JWT_ROWS = [
    Row("users with JWT: put, 100 x 10", "put", *MANY, seconds=1.5, beside="put, 100 x 10"),
    Row("users with JWT: range 1 key, 100 x 10", "range", *MANY, seconds=1.5,
        beside="range 1 key, 100 x 10"),
]
