"""Repeated kill -9 under load on one data directory: no acknowledged write may be lost.

Each round starts the member, runs writers, kills the member at a random time, restarts it and
compares its state with the responses that the writers received:
- every acknowledged write exists, at the revision of its response;
- a write without a response exists as a whole or not at all;
- no revision is used twice, and revisions increase;
- HashKV at a revision that was hashed before the kill is unchanged;
- acknowledged leases exist, revoked leases and their keys do not;
- `etcdutl check` accepts the files as the kill left them.
"""
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time

import grpc

from acceptance import api
from acceptance.members import our_etcdutl, our_member

rpc = api.rpc
WRITERS = 6
KEYS_OF_A_WRITER = 8


class Writer(threading.Thread):
    """Writes its own keys, one call at a time, and remembers the responses.

    `known` is the state after the last acknowledged write: key -> (value, revision). `unknown` is
    the write without a response, as key -> value, None for a deletion.
    """

    def __init__(self, number, endpoint, random_source, known, leases):
        super().__init__(daemon=True)
        self.number, self.random = number, random_source
        self.known, self.leases = known, leases
        self.unknown, self.unknown_lease = None, None
        self.acknowledged = []
        self.channel = api.connect(endpoint)
        self.kv = api.stub(self.channel, "KV")
        self.lease = api.stub(self.channel, "Lease")
        self.count = 0

    def key(self):
        return b"writer/%d/%d" % (self.number, self.random.randrange(KEYS_OF_A_WRITER))

    def value(self):
        self.count += 1
        filler = self.random.choice([0, 0, 0, 100, 3000, 60_000])
        unique = b"%d-%d-%016x-" % (self.number, self.count, self.random.getrandbits(64))
        return unique + b"x" * filler

    def run(self):
        try:
            while True:
                self.step()
        except grpc.RpcError:
            pass
        finally:
            self.channel.close()

    def step(self):
        draw = self.random.random()
        if draw < 0.6:
            self.put(self.key(), self.value())
        elif draw < 0.75:
            self.txn()
        elif draw < 0.87:
            self.delete(self.key())
        elif draw < 0.95:
            self.leased_put()
        else:
            self.revoke()

    def write(self, changes, call):
        """Performs a call with these changes; its response has the revision."""
        self.unknown = changes
        revision = call().header.revision
        self.unknown = None
        effective = {
            key: value for key, value in changes.items() if value is not None or key in self.known}
        for key, value in effective.items():
            if value is None:
                del self.known[key]
            else:
                self.known[key] = (value, revision)
        if effective:
            self.acknowledged.append((revision, effective))

    def put(self, key, value, lease=0):
        self.write({key: value}, lambda: self.kv.Put(
            rpc.PutRequest(key=key, value=value, lease=lease), timeout=30))

    def delete(self, key):
        self.write({key: None}, lambda: self.kv.DeleteRange(
            rpc.DeleteRangeRequest(key=key), timeout=30))

    def txn(self):
        keys = [b"writer/%d/%d" % (self.number, one)
                for one in self.random.sample(range(KEYS_OF_A_WRITER), 3)]
        changes = {keys[0]: self.value(), keys[1]: self.value(), keys[2]: None}
        operations = [
            rpc.RequestOp(request_put=rpc.PutRequest(key=key, value=value)) if value is not None
            else rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key))
            for key, value in changes.items()]
        self.write(changes, lambda: self.kv.Txn(rpc.TxnRequest(success=operations), timeout=30))

    def leased_put(self):
        lease = self.random.getrandbits(40) + 1
        self.unknown_lease = lease
        self.lease.LeaseGrant(rpc.LeaseGrantRequest(ID=lease, TTL=3600), timeout=30)
        self.unknown_lease = None
        key = b"writer/%d/leased/%d" % (self.number, lease)
        self.leases[lease] = key
        self.put(key, self.value(), lease)

    def revoke(self):
        if not self.leases:
            return
        lease = self.random.choice(sorted(self.leases))
        key = self.leases.pop(lease)
        self.unknown_lease = lease
        self.write({key: None}, lambda: self.lease.LeaseRevoke(
            rpc.LeaseRevokeRequest(ID=lease), timeout=30))
        self.unknown_lease = None


class Observer(threading.Thread):
    """Hashes, compacts and defragments from time to time, and remembers the hashes."""

    def __init__(self, member, random_source):
        super().__init__(daemon=True)
        self.member, self.random = member, random_source
        self.hashes = []

    def run(self):
        try:
            with api.connect(self.member.endpoint) as channel:
                while True:
                    time.sleep(self.random.uniform(0.02, 0.2))
                    self.hashes.append(self.member.hash_kv())
                    if self.random.random() < 0.1:
                        api.stub(channel, "Maintenance").Defragment(
                            rpc.DefragmentRequest(), timeout=30)
                    if self.random.random() < 0.15:
                        revision = self.hashes[-1][2] - self.random.randrange(200)
                        if revision > max(1, self.hashes[-1][1]):
                            api.stub(channel, "KV").Compact(rpc.CompactionRequest(
                                revision=revision, physical=self.random.random() < 0.5), timeout=30)
        except grpc.RpcError:
            pass


def file_checker():
    """Path of our etcdutl, or None: it is not built, or is a real one without `check`."""
    path = pathlib.Path(our_etcdutl())
    if not path.exists():
        return None
    output = subprocess.run([str(path), "version"], capture_output=True, text=True).stdout
    return None if "etcdutl version: 3.5" in output else str(path)


class Rounds:
    """All rounds on one directory, with the state known from earlier rounds."""

    def __init__(self, seed, directory):
        self.random = random.Random(seed)
        self.member = our_member(directory)
        self.known = [{} for _ in range(WRITERS)]
        self.leases = [{} for _ in range(WRITERS)]
        self.last_revision = 1
        self.acknowledged = 0
        self.checker = file_checker()

    def run(self, number):
        self.member.flags = [f"--snapshot-count={self.random.choice([20, 200, 10_000])}"]
        self.member.start()
        writers, observer = self.load(number)
        time.sleep(self.random.choice([0.02, 0.1, 0.3, 0.8, 1.5]) * self.random.uniform(0.5, 1.5))
        self.member.kill()
        for one in (*writers, observer):
            one.join(20)
            assert not one.is_alive(), "a writer does not stop after the member was killed"
        self.check_files()
        if self.random.random() < 0.3:
            self.kill_while_starting()
        self.member.start()
        self.check(writers, observer)
        self.member.kill()

    def load(self, number):
        writers = [
            Writer(index, self.member.endpoint, random.Random(self.random.getrandbits(64)),
                   self.known[index], self.leases[index]) for index in range(WRITERS)]
        observer = Observer(self.member, random.Random(self.random.getrandbits(64)))
        for one in (*writers, observer):
            one.start()
        return writers, observer

    def kill_while_starting(self):
        self.member.start(wait=False)
        time.sleep(self.random.uniform(0, 0.3))
        self.member.kill()

    def check_files(self):
        if self.checker:
            result = subprocess.run(
                [self.checker, "check", "--data-dir", str(self.member.directory)],
                capture_output=True, text=True, timeout=120)
            assert result.returncode == 0, f"file check: {result.stdout}{result.stderr}"

    def check(self, writers, observer):
        with api.connect(self.member.endpoint) as channel:
            kv = api.stub(channel, "KV")
            response = kv.Range(rpc.RangeRequest(key=b"writer/", range_end=b"writer0"), timeout=60)
            found = {one.key: one for one in response.kvs}
            self.check_revisions(writers, response.header.revision)
            for writer in writers:
                self.check_keys(writer, found)
                self.check_history(writer, kv)
            self.check_leases(writers, api.stub(channel, "Lease"))
        self.check_hashes(observer)
        self.last_revision = response.header.revision

    def check_revisions(self, writers, current):
        revisions = [revision for writer in writers for revision, _ in writer.acknowledged]
        assert len(revisions) == len(set(revisions)), "a revision was used twice"
        assert min(revisions, default=self.last_revision + 1) > self.last_revision, \
            "a revision of an earlier round was used again"
        assert max(revisions, default=1) <= current, "the revision decreased"
        self.acknowledged += len(revisions)

    def check_keys(self, writer, found):
        """The keys are in the known state, or in that plus all changes of the unknown write."""
        prefix = b"writer/%d/" % writer.number
        actual = {key: (one.value, one.mod_revision) for key, one in found.items()
                  if key.startswith(prefix)}
        if actual == writer.known:
            return
        assert writer.unknown, f"lost or changed: {difference(writer.known, actual)}"
        expected = dict(writer.known)
        done = {actual[key][1] for key in writer.unknown if key in actual
                and actual[key][0] == writer.unknown[key]}
        for key, value in writer.unknown.items():
            if value is None:
                expected.pop(key, None)
            else:
                expected[key] = (value, max(done, default=0))
        assert actual == expected, f"lost, changed or partial: {difference(expected, actual)}"
        assert all(revision > self.last_revision for revision in done)
        writer.known.clear()
        writer.known.update(expected)

    def check_history(self, writer, kv):
        """The last acknowledged writes can be read at their revisions."""
        for revision, changes in writer.acknowledged[-15:]:
            for key, value in changes.items():
                try:
                    kvs = kv.Range(rpc.RangeRequest(key=key, revision=revision), timeout=30).kvs
                except grpc.RpcError as error:
                    assert "compacted" in error.details(), error
                    continue
                got = [(one.value, one.mod_revision) for one in kvs]
                assert got == ([] if value is None else [(value, revision)]), \
                    f"at revision {revision} {key} is {str(got)[:200]}"

    def check_leases(self, writers, stub):
        actual = {one.ID for one in stub.LeaseLeases(rpc.LeaseLeasesRequest(), timeout=30).leases}
        for writer in writers:
            if writer.unknown_lease:
                actual.discard(writer.unknown_lease)
            known = set(writer.leases)
            assert known <= actual, f"lost leases {known - actual}"
            actual -= known
        unknown = getattr(self, "stray_leases", set())
        strays = {writer.unknown_lease for writer in writers if writer.unknown_lease}
        assert actual <= unknown, f"revoked leases exist again: {actual - unknown}"
        self.stray_leases = unknown | strays

    def check_hashes(self, observer):
        compared = 0
        for value, compacted, revision in observer.hashes[-10:]:
            try:
                now = self.member.hash_kv(revision)
            except grpc.RpcError as error:
                assert "compacted" in error.details(), error
                continue
            if now[1] == compacted:
                compared += 1
                assert now[0] == value, f"HashKV at revision {revision} was {value}, is {now[0]}"
        return compared


def difference(expected, actual):
    lines = []
    for key in sorted(set(expected) | set(actual)):
        if expected.get(key) != actual.get(key):
            lines.append(
                f"{key}: expected {str(expected.get(key))[:90]}, is {str(actual.get(key))[:90]}")
    return "; ".join(lines[:10])


def run(seed, rounds, progress=None):
    """Runs all rounds; returns the number of acknowledged writes.

    Keeps the directory on failure.
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix="kill-"))
    all_rounds = Rounds(seed, directory / "ours.etcd")
    try:
        for number in range(rounds):
            try:
                all_rounds.run(number)
            except AssertionError as failure:
                raise AssertionError(
                    f"round {number} of seed {seed}: {failure}\nfiles: {directory}\n"
                    f"{all_rounds.member.tail()}") from None
            if progress:
                progress(number + 1, all_rounds.acknowledged)
    finally:
        all_rounds.member.close()
    shutil.rmtree(directory, ignore_errors=True)
    return all_rounds.acknowledged
