"""Checkers of watches and leases, during any number of faults.

Watch: every watcher receives every revision once and in order, across reconnects.
Lease: a renewed lease stays alive; any other expires, never before its TTL and soon after.
"""
import queue
import threading
import time

import grpc

from acceptance import api

rpc = api.rpc


class Watcher(threading.Thread):
    """Watches all keys on one member from revision 1, and resumes after a disconnect.

    `events` are (revision, key, value, created, version), with value None for a deletion;
    `seen_at` has the time in nanoseconds when a revision was received.
    """

    def __init__(self, member):
        super().__init__(daemon=True)
        self.member = member
        self.events = []
        self.seen_at = {}
        self.next_revision = 1
        self.connections = 0
        self.failure = None
        self.stopping = threading.Event()
        self._stream = None

    def run(self):
        while not self.stopping.is_set() and not self.failure:
            try:
                self._watch()
            except (grpc.RpcError, ValueError):
                time.sleep(0.1)
            except AssertionError as failure:
                self.failure = f"watcher of {self.member.name}: {failure}"

    def _watch(self):
        requests = queue.Queue()
        requests.put(rpc.WatchRequest(create_request=rpc.WatchCreateRequest(
            key=b"\0", range_end=b"\0", start_revision=self.next_revision)))
        stream = self._stream = self.member.stub("Watch").Watch(iter(requests.get, None))
        try:
            for response in stream:
                assert not response.canceled, f"canceled: {response.cancel_reason}, {response}"
                if response.created:
                    self.connections += 1
                self._take(response)
                if self.stopping.is_set():
                    return
        finally:
            requests.put(None)
            stream.cancel()

    def _take(self, response):
        now = time.monotonic_ns()
        start = self.next_revision
        for event in response.events:
            pair = event.kv
            revision = pair.mod_revision
            assert revision >= start, \
                f"revision {revision} is repeated: all before {start} were received"
            # All events of a revision are in one response.
            if revision >= self.next_revision:
                assert revision == max(self.next_revision, 2), \
                    f"revision {revision} is received instead of {self.next_revision}"
                self.next_revision = revision + 1
            else:
                assert revision == self.next_revision - 1, \
                    f"revision {revision} is received after {self.next_revision - 1}"
            self.seen_at.setdefault(revision, now)
            is_put = event.type == 0
            self.events.append((
                revision, pair.key, pair.value if is_put else None,
                pair.create_revision, pair.version))

    def wait_for(self, revision, seconds=60):
        end = time.monotonic() + seconds
        while self.next_revision <= revision:
            assert not self.failure, self.failure
            assert time.monotonic() < end, (
                f"the watcher of {self.member.name} has received no revision {self.next_revision} "
                f"or later; the current one is {revision}")
            time.sleep(0.05)
        assert not self.failure, self.failure

    def stop(self):
        self.stopping.set()
        if self._stream:
            self._stream.cancel()
        self.join(20)


def replay(events):
    """The state after these events: key -> (value, created, modified, version)."""
    pairs = {}
    for revision, key, value, created, version in events:
        if value is None:
            assert key in pairs, f"a deletion of {key} at {revision}, which does not exist"
            del pairs[key]
            continue
        before = pairs.get(key)
        expected = (before[1], before[3] + 1) if before else (revision, 1)
        assert (created, version) == expected, \
            f"event of {key} at {revision} has {(created, version)}, must be {expected}"
        pairs[key] = (value, created, revision, version)
    return pairs


def check_watchers(watchers, retired, pairs, revision):
    """All watchers received the same events, which lead to the state `pairs` at this revision.

    Retired watchers, whose members were removed, received a prefix of them.
    """
    for one in watchers:
        one.wait_for(revision)
    all_events = watchers[0].events
    for one in (*watchers, *retired):
        assert not one.failure, one.failure
        last = min(one.next_revision - 1, revision)
        first = [event for event in all_events if event[0] <= last]
        events = [event for event in one.events if event[0] <= last]
        assert events == first, (
            f"the watchers of {watchers[0].member.name} and {one.member.name} received different "
            f"events: {sorted(set(first) ^ set(events))[:10]}")
    first = [event for event in all_events if event[0] <= revision]
    found = replay(first)
    expected = {one.key: (one.value, one.create_revision, one.mod_revision, one.version)
                for one in pairs}
    assert found == expected, "the events do not lead to the final state"


class Lease:
    """A lease with one key, and what its holder knows about it."""

    def __init__(self, number, ttl):
        self.key = f"lease/{number}"
        self.id = 1_000_000 + number
        self.ttl = ttl
        self.renewed_at = None  # when the last acknowledged renewal was sent
        self.tried_at = None  # when the last renewal was sent
        self.put_at = None


class LeaseHolder(threading.Thread):
    """Grants a lease with a key, renews it for some time, stops, and grants the next."""

    def __init__(self, number, history, members, random_source, seconds_renewed=(2, 12)):
        super().__init__(daemon=True)
        self.number, self.history, self.members = number, history, members
        self.random, self.seconds_renewed = random_source, seconds_renewed
        self.leases = []
        self.renewals = 0
        self.failure = None
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.stopping.is_set():
                self._hold(Lease(self.number * 10_000 + len(self.leases),
                                 self.random.randint(2, 4)))
        except BaseException as failure:
            self.failure = failure
            raise

    def _hold(self, lease):
        if not self._grant(lease) or not self._put(lease):
            time.sleep(0.2)
            return
        end = time.monotonic() + self.random.uniform(*self.seconds_renewed)
        while time.monotonic() < end and not self.stopping.is_set():
            self._renew(lease)
            self.stopping.wait(lease.ttl / 6)

    def _grant(self, lease):
        sent = time.monotonic()
        self.leases.append(lease)
        lease.tried_at = sent
        try:
            response = self._member().stub("Lease").LeaseGrant(
                rpc.LeaseGrantRequest(ID=lease.id, TTL=lease.ttl), timeout=5)
        except (grpc.RpcError, ValueError):
            return False
        lease.ttl, lease.renewed_at = response.TTL, sent
        return True

    def _put(self, lease):
        """A recorded put. The expiry of the lease, which deletes the key, is recorded as well."""
        lease.put_at = called = time.monotonic_ns()
        operation = {"put": [lease.key, str(lease.id)]}
        try:
            response = self._member().stub("KV").Put(rpc.PutRequest(
                key=lease.key.encode(), value=str(lease.id).encode(), lease=lease.id), timeout=5)
        except (grpc.RpcError, ValueError):
            self.history.record(1000 + self.number, called, operation)
            return False
        self.history.record(1000 + self.number, called, operation, time.monotonic_ns(),
                            response.header.revision, {"put": True})
        return True

    def _renew(self, lease):
        sent = lease.tried_at = time.monotonic()
        try:
            stream = self._member().stub("Lease").LeaseKeepAlive(
                iter([rpc.LeaseKeepAliveRequest(ID=lease.id)]), timeout=2)
            for response in stream:
                if response.TTL > 0:
                    self.renewals += 1
                    lease.renewed_at = sent
        except (grpc.RpcError, ValueError):
            return

    def _member(self):
        return self.random.choice(self.members())


def record_expiries(holders, watcher, history):
    """Records the deletions by expired leases, as a watcher received them."""
    keys = {one.key.encode(): one for holder in holders for one in holder.leases}
    for revision, key, value, _, _ in watcher.events:
        if value is None and key in keys:
            history.record(2000, keys[key].put_at, {"delete": key.decode()},
                           watcher.seen_at[revision], revision, {"deleted": 1})


def record_events(watcher, history):
    """Records each event of a watcher as a read of its key at its revision.

    Such a read returned when the watcher received the event, and began at time 0. So the history
    explains every revision, also those of indeterminate calls.
    """
    for revision, key, value, created, version in watcher.events:
        pairs = [] if value is None else [{
            "key": key.decode(), "value": value.decode(), "created": created,
            "modified": revision, "version": version}]
        history.record(2001, 0, {"range": [key.decode()]}, watcher.seen_at[revision], revision,
                       {"range": pairs})


def check_early_expiries(holders, watchers):
    """No lease expired before its TTL had passed since the last acknowledged renewal.

    Returns the number of expiries.
    """
    leases = {one.key.encode(): one for holder in holders for one in holder.leases}
    expired = 0
    for watcher in watchers:
        for revision, key, value, _, _ in watcher.events:
            lease = leases.get(key)
            if value is not None or not lease or lease.renewed_at is None:
                continue
            expired += 1
            lived = watcher.seen_at[revision] / 1e9 - lease.renewed_at
            assert lived >= lease.ttl, (
                f"{lease.key} with a TTL of {lease.ttl} s is deleted {lived:.3f} s after "
                f"the last acknowledged renewal, by revision {revision} on {watcher.member.name}")
    return expired


def wait_for_expiries(holders, member, seconds):
    """Waits until all leases have expired; returns the seconds that this took."""
    begin = time.monotonic()
    ids = {one.id for holder in holders for one in holder.leases}
    while True:
        response = member.stub("Lease").LeaseLeases(rpc.LeaseLeasesRequest(), timeout=10)
        left = ids & {one.ID for one in response.leases}
        if not left:
            return time.monotonic() - begin
        assert time.monotonic() - begin < seconds, f"leases {left} do not expire"
        time.sleep(0.2)
