"""swift-etcd on the files of a real etcd 3.5.1, and the reverse."""
import json
import math
import re
import subprocess
import time

from acceptance import api, load
from acceptance.members import tool

rpc = api.rpc
KEYS = 100_000


def everything(member, revision=0):
    """All key-value pairs with versions, revisions and leases, read in pages."""
    kvs, key = [], b"\0"
    with api.connect(member.endpoint) as channel:
        stub = api.stub(channel, "KV")
        while True:
            response = stub.Range(
                rpc.RangeRequest(key=key, range_end=b"\0", revision=revision, limit=10_000),
                timeout=60)
            kvs += response.kvs
            if not response.more:
                return [one.SerializeToString() for one in kvs]
            key = kvs[-1].key + b"\0"
            revision = revision or response.header.revision


def lease_list(member):
    """ID, granted TTL and keys of all leases."""
    with api.connect(member.endpoint) as channel:
        stub = api.stub(channel, "Lease")
        leases = []
        for one in stub.LeaseLeases(rpc.LeaseLeasesRequest(), timeout=20).leases:
            response = stub.LeaseTimeToLive(
                rpc.LeaseTimeToLiveRequest(ID=one.ID, keys=True), timeout=20)
            assert 0 < response.TTL <= response.grantedTTL
            leases.append((one.ID, response.grantedTTL, sorted(response.keys)))
        return sorted(leases)


def member_ids(member):
    with api.connect(member.endpoint) as channel:
        response = api.stub(channel, "Cluster").MemberList(rpc.MemberListRequest(), timeout=20)
    return response.header.cluster_id, [(one.ID, one.name) for one in response.members]


def history(member, count, first_lease=1000):
    """Puts, overwrites, deletes, leases and a compaction; returns the compacted revision."""
    load.fill(member.endpoint, ((b"key/%07d" % n, b"value %d" % n) for n in range(count)))
    with api.connect(member.endpoint) as channel:
        kv, lease = api.stub(channel, "KV"), api.stub(channel, "Lease")
        for number in range(20):
            lease.LeaseGrant(rpc.LeaseGrantRequest(ID=first_lease + number, TTL=3600))
            kv.Put(rpc.PutRequest(
                key=b"leased/%d" % number, value=b"x" * 5000, lease=first_lease + number))
        lease.LeaseRevoke(rpc.LeaseRevokeRequest(ID=first_lease + 7))
        for number in range(50):
            kv.Put(rpc.PutRequest(key=b"key/%07d" % (number * 7), value=b"again"))
            kv.DeleteRange(rpc.DeleteRangeRequest(
                key=b"key/%07d" % (number * 100), range_end=b"key/%07d" % (number * 100 + 20)))
        middle = kv.Put(rpc.PutRequest(key=b"middle", value=b"m")).header.revision
        for number in range(50):
            kv.Put(rpc.PutRequest(key=b"late/%d" % number, value=b"late"))
        kv.Compact(rpc.CompactionRequest(revision=middle, physical=True), timeout=60)
        kv.Put(rpc.PutRequest(key=b"last", value=b"after the compaction"))
    return middle


def state(member, revisions):
    return {
        "hashes": [member.hash_kv(revision) for revision in revisions],
        "keys": everything(member),
        "leases": lease_list(member),
        "members": member_ids(member),
    }


def assert_same(expected, got):
    for part, value in expected.items():
        assert got[part] == value, f"{part} differ"


def test_a_directory_of_a_real_etcd_is_taken_over_and_returned(start):
    real = start("--snapshot-count=1000", real=True)
    middle = history(real, KEYS)
    revision = real.hash_kv()[2]
    revisions = [0, middle + 1, middle + 20, revision]
    before = state(real, revisions)
    real.kill()

    ports = (real.client_port, real.peer_port)
    ours = start(directory=real.directory, ports=ports)
    assert_same(before, state(ours, revisions))
    history(ours, 5_000, first_lease=2000)
    compacted, last = ours.hash_kv()[1:]
    assert compacted > revision
    after = state(ours, [0, compacted + 1, last])
    ours.kill()

    again = start(real=True, directory=real.directory, ports=ports)
    assert_same(after, state(again, [0, compacted + 1, last]))
    again.etcdctl("put", "still", "works")
    assert again.stop() != 1


def test_a_directory_is_exchanged_several_times_with_clean_stops(start):
    """3.5.1 creates the directory: it rejects one that a newer version created."""
    member = start(real=True)
    ports, expected = (member.client_port, member.peer_port), None
    for number in range(4):
        if expected:
            assert_same(expected, state(member, revisions))
        middle = history(member, 1_000, first_lease=1_000 * (number + 1))
        revisions = [0, middle + 1]
        expected = state(member, revisions)
        member.stop()
        member = start(real=number % 2 == 1, directory=member.directory, ports=ports)
    assert_same(expected, state(member, revisions))


def test_the_remaining_time_of_a_lease_is_rounded_down_to_seconds(start):
    member = start()
    times = [time.monotonic()]
    lease = member.etcdctl("lease", "grant", "600").stdout.split()[1]
    times.append(time.monotonic())
    shown = member.etcdctl("lease", "timetolive", lease).stdout
    times.append(time.monotonic())
    left = int(re.search(r"remaining\((\d+)s\)", shown)[1])
    # At most the time between the two calls has passed before, at least none; 599 if that is short.
    assert math.floor(600 - (times[2] - times[0])) <= left <= 599


def test_the_state_is_unchanged_after_a_stop_and_after_a_kill(start):
    ours = start("--snapshot-count=100")
    middle = history(ours, 1_000)
    before = state(ours, [0, middle + 1])
    ours.stop()
    ours.start()
    assert_same(before, state(ours, [0, middle + 1]))
    ours.kill()
    ours.start()
    assert_same(before, state(ours, [0, middle + 1]))


def test_a_real_etcd_restores_a_snapshot_of_ours(start, tmp_path):
    ours = start()
    history(ours, 3_000)
    hash_of_ours, _, revision = ours.hash_kv()
    path = tmp_path / "snapshot.db"
    ours.etcdctl("snapshot", "save", str(path))

    status = json.loads(ours.etcdctl("snapshot", "status", str(path), "-w", "json").stdout)
    assert status["revision"] == revision
    directory = tmp_path / "restored.etcd"
    restored = subprocess.run(
        [tool("etcdutl"), "snapshot", "restore", str(path), "--data-dir", str(directory),
         "--name", "default", "--initial-cluster",
         f"default=http://127.0.0.1:{ours.peer_port}", "--initial-advertise-peer-urls",
         f"http://127.0.0.1:{ours.peer_port}"], capture_output=True, text=True)
    assert restored.returncode == 0, restored.stderr
    everything_of_ours = everything(ours)
    leases_of_ours = lease_list(ours)
    ours.stop()

    real = start(real=True, directory=directory, ports=(ours.client_port, ours.peer_port))
    assert everything(real) == everything_of_ours
    assert lease_list(real) == leases_of_ours
    assert real.hash_kv()[0] == hash_of_ours
    real.stop()
    again = start(directory=directory, ports=(ours.client_port, ours.peer_port))
    assert everything(again) == everything_of_ours


def test_a_snapshot_is_consistent_during_writes(start, tmp_path):
    """Each transaction puts two keys; a snapshot must have both or none."""
    ours = start()
    load.fill(ours.endpoint, ((b"fill/%d" % n, bytes(3000)) for n in range(5_000)))
    with api.connect(ours.endpoint) as channel:
        kv = api.stub(channel, "KV")
        chunks = api.stub(channel, "Maintenance").Snapshot(rpc.SnapshotRequest(), timeout=60)
        snapshot, number = b"", 0
        for chunk in chunks:
            snapshot += chunk.blob
            number += 1
            value = b"%d" % number
            kv.Txn(next(load.puts([(b"left", value), (b"right", value)])))
    assert number > 10, "a snapshot has several chunks"
    path = tmp_path / "snapshot.db"
    path.write_bytes(snapshot)
    directory = tmp_path / "restored.etcd"
    subprocess.run(
        [tool("etcdutl"), "snapshot", "restore", str(path), "--data-dir", str(directory),
         "--name", "default", "--initial-cluster",
         f"default=http://127.0.0.1:{ours.peer_port}", "--initial-advertise-peer-urls",
         f"http://127.0.0.1:{ours.peer_port}"], capture_output=True, check=True)
    ours.stop()
    real = start(real=True, directory=directory, ports=(ours.client_port, ours.peer_port))
    assert real.etcdctl("get", "left", "--print-value-only").stdout == \
        real.etcdctl("get", "right", "--print-value-only").stdout
