"""Random requests for the differential test and the recordings."""
import random

from acceptance import api

rpc = api.rpc

KEYS = [
    b"a", b"b", b"b\x00", b"ba", b"c", b"d/1", b"d/2", b"d/3", b"e", b"\xff", b"\xffx", b"k" * 300]
ENDS = [b"", b"\x00", b"b", b"c", b"d0", b"a", b"\xff", b"d/3", b"zz"]
LEASES = [0, 0, 0, 0, 7, 8, 9, 10, 4711]


class RequestGenerator:
    """Generates calls. Knows the state roughly, so that most calls are valid."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.revision = 1
        self.compacted = 0

    def key(self):
        return self.random.choice(KEYS) if self.random.random() < 0.99 else b""

    def end(self):
        return self.random.choice(ENDS) if self.random.random() < 0.5 else b""

    def some_revision(self):
        draw = self.random.random()
        if draw < 0.6:
            return 0
        if draw < 0.9:
            return self.random.randint(max(1, self.revision - 40), self.revision)
        return self.random.choice(
            [self.compacted, self.compacted - 1, self.revision + 1, -1, 10**12])

    def value(self):
        draw = self.random.random()
        if draw < 0.1:
            return b""
        length = self.random.choice([1, 3, 8, 40] if draw < 0.97 else [4000, 70000])
        return bytes(self.random.randrange(256) for _ in range(4)) * length

    def range(self, nested=False):
        chance = self.random.random
        request = rpc.RangeRequest(
            key=self.key() or (b"" if chance() < 0.1 else b"a"), range_end=self.end(),
            revision=self.some_revision())
        if chance() < 0.3:
            request.limit = self.random.choice([-1, 1, 2, 3, 100])
        if chance() < 0.3:
            request.sort_order = self.random.choice([0, 1, 2])
            request.sort_target = self.random.choice([0, 1, 2, 3, 4])
        request.serializable = chance() < 0.3
        request.keys_only = chance() < 0.15
        request.count_only = chance() < 0.1
        for field in ("min_mod_revision", "max_mod_revision", "min_create_revision",
                      "max_create_revision"):
            if chance() < 0.06:
                setattr(request, field, self.random.randint(1, self.revision + 2))
        return request

    def put(self):
        chance = self.random.random
        request = rpc.PutRequest(
            key=self.key(), value=self.value(), lease=self.random.choice(LEASES))
        request.prev_kv = chance() < 0.3
        if chance() < 0.06:
            request.ignore_value = True
            if chance() < 0.9:
                request.value = b""
        if chance() < 0.06:
            request.ignore_lease = True
            if chance() < 0.9:
                request.lease = 0
        return request

    def delete(self):
        return rpc.DeleteRangeRequest(
            key=self.key(), range_end=self.end(), prev_kv=self.random.random() < 0.4)

    def compare(self):
        compare = rpc.Compare(
            key=self.key(), result=self.random.choice([0, 1, 2, 3]),
            target=self.random.choice([0, 1, 2, 3, 4]))
        if self.random.random() < 0.3:
            compare.range_end = self.end()
        field = self.random.choice(["version", "create_revision", "mod_revision", "value", "lease"])
        if self.random.random() < 0.85:
            field = ["version", "create_revision", "mod_revision", "value", "lease"][compare.target]
        if field == "value":
            compare.value = self.value()[:8]
        else:
            setattr(compare, field, self.random.choice([0, 1, 2, self.revision, 7]))
        return compare

    def operation(self, depth):
        draw = self.random.random()
        if draw < 0.4:
            return rpc.RequestOp(request_put=self.put())
        if draw < 0.6:
            return rpc.RequestOp(request_delete_range=self.delete())
        if draw < 0.9 or depth == 0:
            return rpc.RequestOp(request_range=self.range(nested=True))
        if draw < 0.91:
            return rpc.RequestOp()
        return rpc.RequestOp(request_txn=self.txn(depth - 1))

    def txn(self, depth=2):
        counts = [0, 1, 1, 2, 3]
        if self.random.random() < 0.005:
            counts = [127, 128, 129]
        request = rpc.TxnRequest(
            compare=[self.compare() for _ in range(self.random.choice([0, 1, 1, 2]))],
            success=[self.operation(depth) for _ in range(self.random.choice(counts))],
            failure=[self.operation(depth) for _ in range(self.random.choice(counts))])
        keep_nothing_deleted(request)
        return request

    def call(self):
        """(service, method, request); for watches and keepalives not a single request."""
        draw = self.random.random()
        if draw < 0.30:
            return "KV", "Put", self.put()
        if draw < 0.50:
            return "KV", "Range", self.range()
        if draw < 0.60:
            return "KV", "DeleteRange", self.delete()
        if draw < 0.78:
            return "KV", "Txn", self.txn()
        if draw < 0.79:
            revision = self.random.choice([
                self.compacted, self.revision + 1, 0, -5, self.revision,
                self.random.randint(self.compacted, self.revision)])
            return "KV", "Compact", rpc.CompactionRequest(
                revision=revision, physical=self.random.random() < 0.7)
        if draw < 0.83:
            ttl = self.random.choice([0, -1, 1, 36_000, 72_000, 9_000_000_000, 9_000_000_001])
            ttl = 72_000 if ttl in (0, -1, 1) and self.random.random() < 0.8 else ttl
            return "Lease", "LeaseGrant", rpc.LeaseGrantRequest(
                TTL=ttl if ttl > 1 else 72_000, ID=self.random.choice([7, 8, 9, 10, -3, 4711]))
        if draw < 0.85:
            return "Lease", "LeaseRevoke", rpc.LeaseRevokeRequest(
                ID=self.random.choice([7, 8, 9, 10, -3, 5]))
        if draw < 0.87:
            return "Lease", "LeaseTimeToLive", rpc.LeaseTimeToLiveRequest(
                ID=self.random.choice([7, 8, 9, 10, 5]), keys=self.random.random() < 0.6)
        if draw < 0.88:
            return "Lease", "LeaseLeases", rpc.LeaseLeasesRequest()
        if draw < 0.89:
            return "Lease", "KeepAlive", [self.random.choice([7, 8, 9, 10, 5]) for _ in range(3)]
        if draw < 0.94:
            return "Watch", "watch", None
        if draw < 0.96:
            return "Maintenance", "HashKV", rpc.HashKVRequest(
                revision=self.random.choice([0, self.revision, self.compacted, self.compacted - 1,
                                             self.revision + 5,
                                             self.random.randint(self.compacted, self.revision)]))
        if draw < 0.97:
            return "Cluster", "MemberList", rpc.MemberListRequest(
                linearizable=self.random.random() < 0.5)
        if draw < 0.98:
            return "Maintenance", "Alarm", rpc.AlarmRequest(
                action=0, alarm=self.random.choice([0, 1, 2]))
        if draw < 0.985:
            return "Maintenance", "Status", rpc.StatusRequest()
        if draw < 0.986:
            return "Maintenance", "Defragment", rpc.DefragmentRequest()
        return "KV", "Put", self.put()


def keep_nothing_deleted(request, has_deleted=False):
    """Clears ignore_value and ignore_lease of puts that follow a delete in the same transaction:
    etcd 3.5 panics if such a put finds that its key is gone. Returns whether keys were deleted."""
    ends = []
    for branch in (request.success, request.failure):
        deleted = has_deleted
        for operation in branch:
            kind = operation.WhichOneof("request")
            if kind == "request_delete_range":
                deleted = True
            elif kind == "request_txn":
                deleted = keep_nothing_deleted(operation.request_txn, deleted)
            elif kind == "request_put" and deleted:
                operation.request_put.ignore_value = operation.request_put.ignore_lease = False
        ends.append(deleted)
    return any(ends)
