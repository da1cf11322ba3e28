"""The twin test: the same random calls go to a real etcd 3.5.1 and to ours, answers must be equal.

    python Tests/Acceptance/twin.py --seed 7 --calls 100000

Calls are made one after the other, so both sides see one history. Ids that a server draws itself
(member, cluster, leases) are mapped; times are compared with a tolerance of two seconds. What
differs between 3.5 and 3.7 on purpose stands in DIFFERENCES, nothing else is forgiven.
"""
import argparse
import pathlib
import queue
import random
import shutil
import sys
import tempfile
import threading
import time

import grpc

import api
from members import our_member, real_member

rpc = api.rpc

# What 3.7 does otherwise than 3.5.1, with the reason; the comparison leaves exactly this out.
DIFFERENCES = {
    "Range.keys_only.lease": "3.7 answers keys_only from the index, without the lease",
    "Range.ties": "sorting is not stable in either: pairs with equal sort values come in any "
    "order, and where a limit cuts between them any of them may come",
    "Range.sort_option": "3.7 refuses sort numbers outside of the enum, 3.5.1 sorts somehow",
    "HashKV.hash_revision": "the field came with 3.6",
    "HashKV.compact_revision": "3.7 knows the hashes of the last compacted revisions, 3.5.1 refuses "
    "them",
    "Status": "versions, sizes and the fields that came with 3.6",
    "RangeStream": "the call came with 3.7",
    "Txn.error": "3.7 checks operations in their order, 3.5.1 all puts before all ranges: which "
    "of several errors is told differs",
    "Watch.negative_revision": "3.7 refuses a negative start, 3.5.1 reads it as a past revision",
    "Watch.compact_revision": "a watcher overtaken by compaction is told the one that stands when "
    "it is looked at; which that is depends on timing",
    "Watch.compacted_deletion": "a deletion at the compacted revision itself stays in the history "
    "since 3.5.16 and 3.6; 3.5.1 does not tell it to a watcher that begins there",
    "Watch.header": "the revision in headers of catch-up batches depends on timing",
}

KEYS = [b"a", b"b", b"b\x00", b"ba", b"c", b"d/1", b"d/2", b"d/3", b"e", b"\xff", b"\xffx", b"k" * 300]
ENDS = [b"", b"\x00", b"b", b"c", b"d0", b"a", b"\xff", b"d/3", b"zz"]
LEASES = [0, 0, 0, 0, 7, 8, 9, 10, 4711]


# Errors that a transaction's operations are checked for before it runs.
TXN_CHECKS = {
    "etcdserver: requested lease not found", "etcdserver: key not found",
    "etcdserver: mvcc: required revision has been compacted",
    "etcdserver: mvcc: required revision is a future revision",
}


class Side:
    """One of the two servers with its channel, stubs and watch streams."""

    def __init__(self, member):
        self.member = member
        self.open()

    def open(self):
        self.channel = api.connect(self.member.endpoint)
        self.stubs = {
            name: api.stub(self.channel, name)
            for name in ("KV", "Lease", "Maintenance", "Watch", "Cluster")
        }
        self.lease_names = {}

    def call(self, service, method, request, timeout=30):
        """The answer, or the error as (code name, text)."""
        try:
            return getattr(self.stubs[service], method)(request, timeout=timeout)
        except grpc.RpcError as error:
            return (error.code().name, error.details())

    def keep_alive(self, ids):
        try:
            requests = (rpc.LeaseKeepAliveRequest(ID=one) for one in ids)
            return [(a.ID, a.TTL) for a in self.stubs["Lease"].LeaseKeepAlive(requests, timeout=30)]
        except grpc.RpcError as error:
            return (error.code().name, error.details())

    def close(self):
        self.channel.close()


class WatchStream:
    """A watch stream of one side; what arrives is kept for each watcher in order."""

    def __init__(self, side):
        self.requests = queue.Queue()
        self.arrived = queue.Queue()
        self.call = side.stubs["Watch"].Watch(iter(self.requests.get, None))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for answer in self.call:
                self.arrived.put(answer)
        except grpc.RpcError as error:
            self.arrived.put((error.code().name, error.details()))

    def send(self, **request):
        self.requests.put(rpc.WatchRequest(**request))

    def take(self, done, seconds=20):
        """Collects answers until `done(answer)`."""
        answers = []
        end = time.monotonic() + seconds
        while True:
            try:
                answer = self.arrived.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"watch stream stays silent; so far: {answers[-3:]}")
            answers.append(answer)
            if isinstance(answer, tuple) or done(answer):
                return answers

    def close(self):
        self.requests.put(None)
        self.call.cancel()


class Generator:
    """Draws the next call. Knows roughly what is there, so that most calls make sense."""

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
        return self.random.choice([self.compacted, self.compacted - 1, self.revision + 1, -1, 10**12])

    def value(self):
        draw = self.random.random()
        if draw < 0.1:
            return b""
        length = self.random.choice([1, 3, 8, 40]) if draw < 0.97 else self.random.choice([4000, 70000])
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
        for field in ("min_mod_revision", "max_mod_revision", "min_create_revision", "max_create_revision"):
            if chance() < 0.06:
                setattr(request, field, self.random.randint(1, self.revision + 2))
        return request

    def put(self):
        chance = self.random.random
        request = rpc.PutRequest(key=self.key(), value=self.value(), lease=self.random.choice(LEASES))
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
        return rpc.TxnRequest(
            compare=[self.compare() for _ in range(self.random.choice([0, 1, 1, 2]))],
            success=[self.operation(depth) for _ in range(self.random.choice(counts))],
            failure=[self.operation(depth) for _ in range(self.random.choice(counts))])

    def call(self):
        """(service, method, request), or a step of its own kind."""
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
            ttl = self.random.choice([0, -1, 1, 300, 600, 9_000_000_000, 9_000_000_001])
            ttl = 600 if ttl in (0, -1, 1) and self.random.random() < 0.8 else ttl
            return "Lease", "LeaseGrant", rpc.LeaseGrantRequest(
                TTL=ttl if ttl > 1 else 600, ID=self.random.choice([7, 8, 9, 10, -3, 4711]))
        if draw < 0.85:
            return "Lease", "LeaseRevoke", rpc.LeaseRevokeRequest(ID=self.random.choice([7, 8, 9, 10, -3, 5]))
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
            return "Cluster", "MemberList", rpc.MemberListRequest(linearizable=self.random.random() < 0.5)
        if draw < 0.98:
            return "Maintenance", "Alarm", rpc.AlarmRequest(action=0, alarm=self.random.choice([0, 1, 2]))
        if draw < 0.985:
            return "Maintenance", "Status", rpc.StatusRequest()
        if draw < 0.986:
            return "Maintenance", "Defragment", rpc.DefragmentRequest()
        return "KV", "Put", self.put()


class Twin:
    """Runs the generator against both sides and compares."""

    def __init__(self, seed, real, ours):
        self.generator = Generator(seed)
        self.sides = (Side(real), Side(ours))
        self.streams = None
        self.watchers = {}
        self.counts = {}
        self.errors = 0
        self.compactions = set()

    def run(self, calls, progress=None):
        for number in range(calls):
            service, method, request = self.generator.call()
            name = f"{service}.{method}"
            self.counts[name] = self.counts.get(name, 0) + 1
            try:
                if method == "watch":
                    self.watch_step()
                elif method == "KeepAlive":
                    self.compare_values(*(side.keep_alive(request) for side in self.sides))
                else:
                    self.unary(service, method, request)
            except AssertionError as failure:
                raise AssertionError(f"call {number} {name}({request}): {failure}") from None
            if progress and (number + 1) % 1000 == 0:
                progress(number + 1)
        self.drain()
        self.final_hashes()

    def await_synced(self, seconds=20):
        """Waits until no watcher reads history: whether a compaction overtakes it is a race."""
        if not self.watchers:
            return
        end = time.monotonic() + seconds
        for side in self.sides:
            while "etcd_debugging_mvcc_slow_watcher_total 0\n" not in side.member.get("/metrics")[1]:
                if time.monotonic() > end:
                    raise AssertionError("watchers do not catch up")
                time.sleep(0.02)

    def unary(self, service, method, request):
        if method == "HashKV" and request.revision in {self.generator.compacted, *self.compactions}:
            return
        if method == "Compact":
            self.await_synced()
        answers = [side.call(service, method, request) for side in self.sides]
        if isinstance(answers[0], tuple) or isinstance(answers[1], tuple):
            self.errors += 1
            errors = [answer[1] for answer in answers if isinstance(answer, tuple)]
            if method == "Txn" and len(errors) == 2 and TXN_CHECKS.issuperset(errors):
                return
            self.compare_values(*answers)
            return
        cleaned = [self.clean(side, method, request, answer) for side, answer in zip(self.sides, answers)]
        if method == "LeaseTimeToLive" and abs(cleaned[0].TTL - cleaned[1].TTL) <= 3:
            cleaned[1].TTL = cleaned[0].TTL
        self.compare_values(*cleaned)
        if hasattr(answers[0], "header") and answers[0].header.revision:
            self.generator.revision = max(self.generator.revision, answers[0].header.revision)
        if method == "Compact":
            self.generator.compacted = request.revision
            self.compactions.add(request.revision)

    @staticmethod
    def compare_values(real, ours):
        if real != ours:
            raise AssertionError(f"\n real: {str(real)[:3000]!s}\n ours: {str(ours)[:3000]!s}")

    def clean(self, side, method, request, answer):
        """The part of an answer that must be equal on both sides."""
        copy = type(answer)()
        copy.CopyFrom(answer)
        if hasattr(copy, "header"):
            copy.header.cluster_id = copy.header.member_id = 0
        if method == "Range":
            self.clean_range(request, copy)
        if method == "Txn":
            self.clean_txn(request, copy)
        if method == "HashKV":
            copy.hash_revision = 0
        if method == "LeaseTimeToLive":
            copy.ClearField("keys")
            copy.keys.extend(sorted(answer.keys))
        if method == "LeaseLeases":
            del copy.leases[:]
            copy.leases.extend(sorted(answer.leases, key=lambda lease: lease.ID))
        if method == "MemberList":
            for member in copy.members:
                member.ID = 0
                del member.peerURLs[:]
                del member.clientURLs[:]
        if method == "Alarm":
            for alarm in copy.alarms:
                alarm.memberID = 0
        if method == "Status":
            revision, term = copy.header.revision, copy.raftTerm
            copy = (revision, term, copy.isLearner, list(copy.errors), copy.leader != 0)
        return copy

    @staticmethod
    def clean_range(request, answer):
        """Leaves out leases of keys_only answers, and the order of pairs that sort as equal."""
        if request.keys_only:
            for one in answer.kvs:
                one.lease = 0
        if request.sort_target == 0:
            return
        field = ["key", "version", "create_revision", "mod_revision", "value"][request.sort_target]
        pairs = list(answer.kvs)
        values = [getattr(pair, field) for pair in pairs]
        ordered = sorted(values, reverse=request.sort_order == 2)
        assert request.keys_only or values == ordered, f"not sorted by {field}: {values}"
        del answer.kvs[:]
        if request.limit > 0:
            answer.kvs.extend(api.kv.KeyValue(**{field: value}) for value in ordered)
        else:
            answer.kvs.extend(sorted(pairs, key=lambda pair: (getattr(pair, field), pair.key)))

    def clean_txn(self, request, answer):
        """The ranges inside a transaction."""
        operations = request.success if answer.succeeded else request.failure
        for operation, response in zip(operations, answer.responses):
            if operation.HasField("request_range"):
                self.clean_range(operation.request_range, response.response_range)
            if operation.HasField("request_txn"):
                self.clean_txn(operation.request_txn, response.response_txn)

    def watch_step(self):
        """Creates or cancels a watcher, or looks at what has arrived."""
        draw = self.generator.random.random()
        if self.streams is None:
            self.streams = [WatchStream(side) for side in self.sides]
            self.watchers = {}
        if draw < 0.5 and len(self.watchers) < 12:
            self.create_watcher()
        elif draw < 0.65 and self.watchers:
            self.cancel_watcher(self.generator.random.choice(sorted(self.watchers)))
        elif draw < 0.68:
            self.drain()
            for stream in self.streams:
                stream.close()
            self.streams = None
            self.watchers = {}
        else:
            self.drain()

    def create_watcher(self):
        chance = self.generator.random
        request = rpc.WatchCreateRequest(
            key=self.generator.key(), range_end=self.generator.end(),
            prev_kv=chance.random() < 0.5, fragment=chance.random() < 0.3,
            filters=chance.choice([[], [], [0], [1]]),
            watch_id=chance.choice([0, 0, 0, chance.randint(1, 30)]))
        start = self.generator.some_revision()
        request.start_revision = max(start, 0) if start < 10**12 else 0
        answers = []
        for stream in self.streams:
            stream.send(create_request=request)
            answers.append(stream.take(lambda answer: answer.created))
        created = [self.header_free(one[-1]) for one in answers]
        self.keep_events([one[:-1] for one in answers])
        self.compare_values(*created)
        if not created[0].canceled:
            self.watchers[created[0].watch_id] = ([], [])

    def cancel_watcher(self, watch_id):
        answers = []
        for stream in self.streams:
            stream.send(cancel_request=rpc.WatchCancelRequest(watch_id=watch_id))
            answers.append(stream.take(
                lambda answer: answer.canceled and answer.watch_id == watch_id))
        # A watcher that compaction has overtaken is gone already: then its cancellation came.
        self.keep_events([one[:-1] for one in answers])
        self.compare_values(
            *(one[-1].canceled for one in answers))
        events = self.watchers.pop(watch_id)
        shorter = min(len(events[0]), len(events[1]))
        self.compare_values(events[0][:shorter], events[1][:shorter])

    @staticmethod
    def header_free(answer):
        copy = rpc.WatchResponse()
        copy.CopyFrom(answer)
        copy.header.cluster_id = copy.header.member_id = 0
        return copy

    def keep_events(self, answers_of_sides):
        """Sorts arrived answers to their watchers."""
        for index, answers in enumerate(answers_of_sides):
            for answer in answers:
                if isinstance(answer, tuple):
                    raise AssertionError(f"watch stream broke: {answer}")
                if answer.watch_id == -1 or answer.watch_id not in self.watchers:
                    continue
                kept = self.watchers[answer.watch_id][index]
                if answer.canceled:
                    kept.append(("canceled", answer.compact_revision > 0, answer.cancel_reason))
                kept.extend(
                    event.SerializeToString() for event in answer.events
                    if not self.is_compacted_deletion(event))

    def is_compacted_deletion(self, event):
        return event.type == event.DELETE and event.kv.mod_revision in self.compactions

    def drain(self):
        """Waits until both streams have delivered everything, and compares all watchers."""
        if self.streams is None or not self.watchers:
            return
        marker = b"marker/%d" % self.generator.random.getrandbits(60)
        marker_id = 1_000_000 + self.generator.random.getrandbits(30)
        answers = []
        for stream in self.streams:
            stream.send(create_request=rpc.WatchCreateRequest(key=marker, watch_id=marker_id))
            answers.append(stream.take(lambda answer: answer.created and answer.watch_id == marker_id))
        self.unary("KV", "Put", rpc.PutRequest(key=marker, value=b"x"))
        for index, stream in enumerate(self.streams):
            answers[index] += stream.take(
                lambda answer: answer.watch_id == marker_id and len(answer.events) > 0)
            stream.send(cancel_request=rpc.WatchCancelRequest(watch_id=marker_id))
            answers[index] += stream.take(
                lambda answer: answer.watch_id == marker_id and answer.canceled)
        self.unary("KV", "DeleteRange", rpc.DeleteRangeRequest(key=marker))
        self.keep_events(answers)
        self.settle()

    def settle(self, seconds=15):
        """Catch-up watchers may still be on their way: waits until both sides have as many."""
        end = time.monotonic() + seconds
        while True:
            for index, stream in enumerate(self.streams):
                while not stream.arrived.empty():
                    answers = [[], []]
                    answers[index] = [stream.arrived.get()]
                    self.keep_events(answers)
            if all(len(one[0]) == len(one[1]) for one in self.watchers.values()):
                break
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        for watch_id, (real, ours) in sorted(self.watchers.items()):
            if real != ours:
                raise AssertionError(
                    f"watcher {watch_id}: {len(real)} and {len(ours)} events, first difference:\n"
                    + str(next(((a, b) for a, b in zip(real + [None], ours + [None]) if a != b), None)))
        gone = [name for name, (real, _) in self.watchers.items()
                if real and isinstance(real[-1], tuple)]
        for name in gone:
            del self.watchers[name]

    def final_hashes(self):
        answers = [side.call("Maintenance", "HashKV", rpc.HashKVRequest()) for side in self.sides]
        self.compare_values(*((a.hash, a.compact_revision, a.header.revision) for a in answers))

    def close(self):
        if self.streams:
            for stream in self.streams:
                stream.close()
        for side in self.sides:
            side.close()


def run(seed, calls, progress=None):
    """One twin run in a directory of its own; gives the counts of calls by kind."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="twin-"))
    real = real_member(directory / "real.etcd")
    ours = our_member(directory / "ours.etcd")
    twin = None
    try:
        real.start()
        ours.start()
        twin = Twin(seed, real, ours)
        twin.run(calls, progress)
        return twin.counts, twin.errors
    finally:
        if twin:
            twin.close()
        real.close()
        ours.close()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=10_000)
    arguments = parser.parse_args()
    counts, errors = run(
        arguments.seed, arguments.calls, lambda done: print(f"{done} calls", file=sys.stderr))
    for name, count in sorted(counts.items()):
        print(f"{name:28} {count}")
    print(f"seed {arguments.seed}: {arguments.calls} calls equal, {errors} of them errors")


if __name__ == "__main__":
    main()
