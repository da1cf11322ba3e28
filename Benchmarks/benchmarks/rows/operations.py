"""What holds up puts: maintenance, ranges of all keys, large deletes, and a lagging follower.

Each operation prepares itself and returns its steps, of which the last one is measured.
"""
import time

from acceptance import api
from acceptance.load import fill
from benchmarks.measurements import client
from benchmarks.rows import workloads
from benchmarks.rows.incidents import LaggingFollower

rpc = api.rpc

# Seconds for the disk to complete earlier writes.
SETTLE_SECONDS = 3
# Timeout of a call.
TIMEOUT_SECONDS = 300
# Seconds of ranges.
RANGES_SECONDS = 5
# Seconds that the leases live which expire together: longer than the measurements before.
TTL_SECONDS = 30
# Keys that are deleted together.
PREFIX, PREFIX_END = b"together/", b"together0"


def put_revisions(server, keys):
    client.generate(server, "put", *workloads.MANY, "--total", keys, "--keys", workloads.KEYS)


def put_keys(server, keys):
    client.generate(server, "load", *workloads.MANY, "--keys", workloads.KEYS)


def put_records(server, keys):
    """As many records as `put_revisions`, in fewer requests."""
    client.generate(
        server, "txn", *workloads.MANY, "--puts", 100, "--total", keys // 100, "--keys", keys)


def call(server, service, method, request):
    with server.connect() as channel:
        return getattr(api.stub(channel, service), method)(request, timeout=TIMEOUT_SECONDS)


def snapshot(server, keys):
    """A client reads the whole database, as `etcdctl snapshot save` does."""
    return [lambda: client.generate(server, "snapshot")]


def defragmentation(server, keys):
    return [lambda: call(server, "Maintenance", "Defragment", rpc.DefragmentRequest())]


def compaction(server, keys):
    """A physical compaction: old revisions are deleted from the file, not only the index."""
    def compact():
        revision = call(server, "Maintenance", "Status", rpc.StatusRequest()).header.revision
        call(server, "KV", "Compact", rpc.CompactionRequest(revision=revision, physical=True))
    return [compact]


def ranges(server, keys):
    return [lambda: client.generate(server, "range", "--whole", "--seconds", RANGES_SECONDS)]


def put_together(server, keys, lease=0):
    value = b"v" * workloads.VALUE_BYTES
    fill(server.endpoint, ((PREFIX + b"%08d" % key, value) for key in range(keys)), lease=lease)


def delete_range(server, keys):
    put_together(server, keys)
    request = rpc.DeleteRangeRequest(key=PREFIX, range_end=PREFIX_END)
    return [lambda: call(server, "KV", "DeleteRange", request)]


def revoke(server, keys):
    lease = call(server, "Lease", "LeaseGrant", rpc.LeaseGrantRequest(TTL=3600)).ID
    put_together(server, keys, lease)
    return [lambda: call(server, "Lease", "LeaseRevoke", rpc.LeaseRevokeRequest(ID=lease))]


def expiry(server, keys):
    """A tenth as many leases expire within a second as there are others."""
    client.generate(server, "lease-grant", *workloads.MANY, "--total", keys)
    count = keys // 10
    granted = time.monotonic()
    client.generate(server, "lease-grant", *workloads.MANY, "--leases", count, "--ttl", TTL_SECONDS)
    sample = range(1, count + 1, max(count // 20, 1))

    def wait():
        time.sleep(max(granted + TTL_SECONDS - time.monotonic(), 0))

    def revoked():
        with server.connect() as channel:
            time_to_live = api.stub(channel, "Lease").LeaseTimeToLive
            while any(time_to_live(rpc.LeaseTimeToLiveRequest(ID=lease),
                                   timeout=TIMEOUT_SECONDS).TTL >= 0 for lease in sample):
                time.sleep(0.1)
    return [wait, revoked]


def catch_up(method, cluster, keys):
    follower = LaggingFollower(cluster, method)

    def fall_behind():
        follower.fall_behind()
        time.sleep(SETTLE_SECONDS)
    return [fall_behind, follower.catch_up]
