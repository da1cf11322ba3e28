"""Differential test: a real etcd 3.5.1 and swift-etcd get the same random calls.

Calls are sequential, so both servers have the same history, and the responses must be equal. IDs
of members and clusters are left out; lease times are compared with a tolerance. Only the intended
differences between 3.5 and 3.7 in DIFFERENCES are allowed.
"""
import pathlib
import queue
import shutil
import tempfile
import threading
import time

import grpc

from acceptance import api
from acceptance.members import our_member, real_member
from acceptance.proxies import GRPCProxy
from acceptance.request_generator import RequestGenerator

rpc = api.rpc

# Intended differences of 3.7 from 3.5.1. The comparison ignores exactly these.
DIFFERENCES = {
    "Range.keys_only.lease": "3.7 serves keys_only from the index, without the lease",
    "Range.ties": "sorting is not stable in either: pairs with equal sort values are in any order, "
    "and a limit may select any of them",
    "Range.sort_option": "3.7 rejects sort values outside of the enum, 3.5.1 sorts in some way",
    "HashKV.hash_revision": "a new field in 3.6",
    "HashKV.compact_revision": "3.7 has the hashes of the last compacted revisions, 3.5.1 "
    "rejects these",
    "Status": "versions, sizes and the new fields of 3.6",
    "RangeStream": "a new method in 3.7",
    "Txn.error": "3.7 checks operations in order, 3.5.1 all puts before all ranges: of several "
    "errors a different one may be returned",
    "Watch.negative_revision": "3.7 rejects a negative start, 3.5.1 treats it as a past revision",
    "Watch.compact_revision": "a watcher behind a compaction gets the compact revision at the time "
    "of the next sync, which depends on timing",
    "Watch.compacted_deletion": "since 3.5.16 and 3.6, a deletion at the compacted revision stays "
    "in the history; 3.5.1 does not send it to a watcher that starts there",
    "Watch.header": "the header revision of batches from the history depends on timing",
}

# Those of a gRPC proxy, as in etcd's.
PROXY_DIFFERENCES = {
    "MemberList": "the proxies instead of the members",
    "Range.header": "a serializable range may come from the cache, with the header of that time",
    "Watch.refusal": "a refused creation has an empty header, and not always a reason",
    "Watch.watch_id": "the IDs of watchers are the proxy's",
}

# Errors of the checks of a transaction's operations before it runs.
TXN_CHECKS = {
    "etcdserver: requested lease not found", "etcdserver: key not found",
    "etcdserver: mvcc: required revision has been compacted",
    "etcdserver: mvcc: required revision is a future revision",
}

# The metric of a server without unsynced watchers.
UNSYNCED_NONE = "etcd_debugging_mvcc_slow_watcher_total 0\n"


class Server:
    """One of the two servers with its channel and stubs."""

    def __init__(self, member):
        self.member = member
        self.open()

    def open(self):
        self.channel = api.connect(self.member.endpoint)
        self.stubs = {
            name: api.stub(self.channel, name)
            for name in ("KV", "Lease", "Maintenance", "Watch", "Cluster")
        }

    def call(self, service, method, request, timeout=30):
        """The response, or the error as (code name, message)."""
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
    """A watch stream of one server; received responses are queued in order."""

    def __init__(self, server):
        self.requests = queue.Queue()
        self.received = queue.Queue()
        self.call = server.stubs["Watch"].Watch(iter(self.requests.get, None))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for response in self.call:
                self.received.put(response)
        except grpc.RpcError as error:
            self.received.put((error.code().name, error.details()))

    def send(self, **request):
        self.requests.put(rpc.WatchRequest(**request))

    def take(self, done, seconds=20):
        """Receives responses until `done(response)`."""
        responses = []
        end = time.monotonic() + seconds
        while True:
            try:
                response = self.received.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no response on the watch stream; so far: {responses[-3:]}")
            responses.append(response)
            if isinstance(response, tuple) or done(response):
                return responses

    def close(self):
        self.requests.put(None)
        self.call.cancel()


class DifferentialTest:
    """Performs the generated calls on both servers and compares the responses."""

    def __init__(self, seed, real, ours, is_proxied=False):
        self.generator = RequestGenerator(seed)
        self.is_proxied = is_proxied
        self.servers = (Server(real), Server(ours))
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
                    self.compare_values(*(server.keep_alive(request) for server in self.servers))
                else:
                    self.unary(service, method, request)
            except AssertionError as failure:
                raise AssertionError(f"call {number} {name}({request}): {failure}") from None
            if progress and (number + 1) % 1000 == 0:
                progress(number + 1)
        self.drain()
        self.final_hashes()

    def await_synced(self, seconds=20):
        """Waits until all watchers are synced: otherwise a compaction may overtake one of them."""
        if not self.watchers:
            return
        end = time.monotonic() + seconds
        for server in self.servers:
            while UNSYNCED_NONE not in server.member.get("/metrics")[1]:
                if time.monotonic() > end:
                    raise AssertionError("watchers are not synced")
                time.sleep(0.02)

    def unary(self, service, method, request):
        if method == "HashKV" and request.revision in {self.generator.compacted, *self.compactions}:
            return
        if method == "MemberList" and self.is_proxied:
            return
        if method == "Compact":
            self.await_synced()
        responses = self.responses(service, method, request)
        if isinstance(responses[0], tuple) or isinstance(responses[1], tuple):
            self.errors += 1
            errors = [response[1] for response in responses if isinstance(response, tuple)]
            if method == "Txn" and len(errors) == 2 and TXN_CHECKS.issuperset(errors):
                return
            self.compare_values(*responses)
            return
        cleaned = [self.clean(method, request, response) for response in responses]
        if method == "LeaseTimeToLive" and abs(cleaned[0].TTL - cleaned[1].TTL) <= 3:
            cleaned[1].TTL = cleaned[0].TTL
        self.compare_values(*cleaned)
        if hasattr(responses[0], "header") and responses[0].header.revision:
            self.generator.revision = max(self.generator.revision, responses[0].header.revision)
        if method == "Compact":
            self.generator.compacted = request.revision
            self.compactions.add(request.revision)

    def responses(self, service, method, request, seconds=10):
        """The responses of both servers.

        While no key exists, HashKV of 3.5.1 covers the records that a compaction in progress has
        yet to remove: different hashes are asked for again.
        """
        end = time.monotonic() + seconds
        while True:
            responses = [server.call(service, method, request) for server in self.servers]
            hashes = {getattr(response, "hash", None) for response in responses}
            if method != "HashKV" or len(hashes) == 1 or time.monotonic() > end:
                return responses
            time.sleep(0.1)

    @staticmethod
    def compare_values(real, ours):
        if real != ours:
            raise AssertionError(f"\n real: {str(real)[:3000]!s}\n ours: {str(ours)[:3000]!s}")

    def clean(self, method, request, response):
        """The part of a response that must be equal on both servers."""
        copy = type(response)()
        copy.CopyFrom(response)
        if hasattr(copy, "header"):
            copy.header.cluster_id = copy.header.member_id = 0
        if method == "Range":
            self.clean_range(request, copy)
            if self.is_proxied and request.serializable:
                copy.ClearField("header")
        if method == "Txn":
            self.clean_txn(request, copy)
        if method == "HashKV":
            copy.hash_revision = 0
        if method == "LeaseTimeToLive":
            copy.ClearField("keys")
            copy.keys.extend(sorted(response.keys))
        if method == "LeaseLeases":
            del copy.leases[:]
            copy.leases.extend(sorted(response.leases, key=lambda lease: lease.ID))
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
    def clean_range(request, response):
        """Removes leases of keys_only responses, and the order of pairs with equal sort values."""
        if request.keys_only:
            for one in response.kvs:
                one.lease = 0
        if request.sort_target == 0:
            return
        field = ["key", "version", "create_revision", "mod_revision", "value"][request.sort_target]
        pairs = list(response.kvs)
        values = [getattr(pair, field) for pair in pairs]
        ordered = sorted(values, reverse=request.sort_order == 2)
        assert request.keys_only or values == ordered, f"not sorted by {field}: {values}"
        del response.kvs[:]
        if request.limit > 0:
            response.kvs.extend(api.kv.KeyValue(**{field: value}) for value in ordered)
        else:
            response.kvs.extend(sorted(pairs, key=lambda pair: (getattr(pair, field), pair.key)))

    def clean_txn(self, request, response):
        """Cleans the ranges in a transaction."""
        operations = request.success if response.succeeded else request.failure
        for operation, inner in zip(operations, response.responses):
            if operation.HasField("request_range"):
                self.clean_range(operation.request_range, inner.response_range)
            if operation.HasField("request_txn"):
                self.clean_txn(operation.request_txn, inner.response_txn)

    def watch_step(self):
        """Creates or cancels a watcher, or checks the received events."""
        draw = self.generator.random.random()
        if self.streams is None:
            self.streams = [WatchStream(server) for server in self.servers]
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
        if self.is_proxied:
            request.watch_id = 0
        start = self.generator.some_revision()
        request.start_revision = max(start, 0) if start < 10**12 else 0
        responses = []
        for stream in self.streams:
            stream.send(create_request=request)
            responses.append(stream.take(lambda response: response.created))
        created = [self.without_ids(one[-1]) for one in responses]
        if self.is_proxied and all(one.canceled for one in created):
            for one in created:
                one.ClearField("header")
                one.ClearField("cancel_reason")
        self.record_events([one[:-1] for one in responses])
        self.compare_values(*created)
        if not created[0].canceled:
            self.watchers[created[0].watch_id] = ([], [])

    def cancel_watcher(self, watch_id):
        responses = []
        for stream in self.streams:
            stream.send(cancel_request=rpc.WatchCancelRequest(watch_id=watch_id))
            responses.append(stream.take(
                lambda response: response.canceled and response.watch_id == watch_id))
        # A watcher behind a compaction was cancelled already.
        self.record_events([one[:-1] for one in responses])
        self.compare_values(*(one[-1].canceled for one in responses))
        events = self.watchers.pop(watch_id)
        shorter = min(len(events[0]), len(events[1]))
        self.compare_values(events[0][:shorter], events[1][:shorter])

    @staticmethod
    def without_ids(response):
        copy = rpc.WatchResponse()
        copy.CopyFrom(response)
        copy.header.cluster_id = copy.header.member_id = 0
        return copy

    def record_events(self, responses_of_servers):
        """Assigns received responses to their watchers."""
        for index, responses in enumerate(responses_of_servers):
            for response in responses:
                if isinstance(response, tuple):
                    raise AssertionError(f"the watch stream failed: {response}")
                if response.watch_id == -1 or response.watch_id not in self.watchers:
                    continue
                events = self.watchers[response.watch_id][index]
                if response.canceled:
                    events.append(
                        ("canceled", response.compact_revision > 0, response.cancel_reason))
                events.extend(
                    event.SerializeToString() for event in response.events
                    if not self.is_compacted_deletion(event))

    def is_compacted_deletion(self, event):
        return event.type == event.DELETE and event.kv.mod_revision in self.compactions

    def drain(self):
        """Waits until both streams have delivered all events, and compares all watchers."""
        if self.streams is None or not self.watchers:
            return
        marker = b"marker/%d" % self.generator.random.getrandbits(60)
        marker_id = 1_000_000 + self.generator.random.getrandbits(30)
        request = rpc.WatchCreateRequest(key=marker, watch_id=0 if self.is_proxied else marker_id)
        responses = []
        for stream in self.streams:
            stream.send(create_request=request)
            responses.append(stream.take(lambda response: response.created))
        if self.is_proxied:
            marker_id, *others = {one[-1].watch_id for one in responses}
            self.compare_values(others, [])
        self.unary("KV", "Put", rpc.PutRequest(key=marker, value=b"x"))
        for index, stream in enumerate(self.streams):
            responses[index] += stream.take(
                lambda response: response.watch_id == marker_id and len(response.events) > 0)
            stream.send(cancel_request=rpc.WatchCancelRequest(watch_id=marker_id))
            responses[index] += stream.take(
                lambda response: response.watch_id == marker_id and response.canceled)
        self.unary("KV", "DeleteRange", rpc.DeleteRangeRequest(key=marker))
        self.record_events(responses)
        self.settle()

    def settle(self, seconds=15):
        """Unsynced watchers may still be sending: waits until both servers have sent as many."""
        end = time.monotonic() + seconds
        while True:
            for index, stream in enumerate(self.streams):
                while not stream.received.empty():
                    responses = [[], []]
                    responses[index] = [stream.received.get()]
                    self.record_events(responses)
            if all(len(one[0]) == len(one[1]) for one in self.watchers.values()):
                break
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        for watch_id, (real, ours) in sorted(self.watchers.items()):
            if real != ours:
                raise AssertionError(
                    f"watcher {watch_id}: {len(real)} and {len(ours)} events, first difference:\n"
                    + str(next(
                        ((a, b) for a, b in zip(real + [None], ours + [None]) if a != b), None)))
        cancelled = [name for name, (real, _) in self.watchers.items()
                     if real and isinstance(real[-1], tuple)]
        for name in cancelled:
            del self.watchers[name]

    def final_hashes(self):
        responses = [
            server.call("Maintenance", "HashKV", rpc.HashKVRequest()) for server in self.servers]
        self.compare_values(*((a.hash, a.compact_revision, a.header.revision) for a in responses))

    def close(self):
        if self.streams:
            for stream in self.streams:
                stream.close()
        for server in self.servers:
            server.close()


def run(seed, calls, progress=None, is_proxied=False):
    """One run in its own directory; returns the counts of calls by method, and of errors.

    With `is_proxied` the calls to ours go through a gRPC proxy.
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix="differential-"))
    real = real_member(directory / "real.etcd")
    ours = our_member(directory / "ours.etcd")
    test = proxy = None
    try:
        real.start()
        ours.start()
        if is_proxied:
            proxy = GRPCProxy(directory / "proxy", ours.endpoint).start()
        test = DifferentialTest(seed, real, proxy or ours, is_proxied)
        test.run(calls, progress)
        return test.counts, test.errors
    finally:
        if test:
            test.close()
        if proxy:
            proxy.close()
        real.close()
        ours.close()
        shutil.rmtree(directory, ignore_errors=True)
