"""The space quota of the database."""
import contextlib
import functools
import time

import grpc
import pytest

from acceptance import api, load
from acceptance.cluster import metric, until

rpc = api.rpc
QUOTA = 16 << 20


def test_compaction_and_defragmentation_free_space_at_once(start):
    member = start(f"--quota-backend-bytes={QUOTA}")
    with api.connect(member.endpoint) as channel:
        put = api.stub(channel, "KV").Put
        maintenance = api.stub(channel, "Maintenance")
        revision = fill(put)
        until(lambda: alarms_of(channel), what="the alarm")
        api.stub(channel, "KV").Compact(rpc.CompactionRequest(revision=revision), timeout=20)
        maintenance.Defragment(rpc.DefragmentRequest(), timeout=60)
        status = maintenance.Status(rpc.StatusRequest(), timeout=20)
        assert status.dbSize < QUOTA / 4
        alarm = rpc.AlarmRequest(action="DEACTIVATE", alarm="NOSPACE", memberID=0)
        alarm.memberID = status.header.member_id
        maintenance.Alarm(alarm, timeout=20)
        for _ in range(10):
            put(rpc.PutRequest(key=b"k", value=b"x" * 20_000), timeout=20)
        assert not maintenance.Status(rpc.StatusRequest(), timeout=20).errors


def test_the_quota_includes_applied_writes_that_are_not_committed_to_the_file(start):
    """One writer puts 100 KB values into a database of 2 MB: about twenty fit."""
    member = start("--quota-backend-bytes=2000000")
    with api.connect(member.endpoint) as channel:
        put = api.stub(channel, "KV").Put
        count = 0
        with pytest.raises(grpc.RpcError) as raised:
            for count in range(1000):
                put(rpc.PutRequest(key=b"k", value=b"x" * 100_000), timeout=20)
        assert "database space exceeded" in raised.value.details()
        assert 10 <= count <= 27


def fill(put):
    """Puts until the quota is reached; returns the newest revision."""
    last = None
    with pytest.raises(grpc.RpcError) as raised:
        for number in range(1000):
            last = put(rpc.PutRequest(key=b"k", value=b"%d" % number * 20_000), timeout=20)
    assert "database space exceeded" in raised.value.details()
    return last.header.revision


def test_the_alarm_ends_once_a_compaction_has_made_space(make_cluster):
    """Without defragmentation and disarm; and it is raised again when the quota is full again."""
    cluster = make_cluster(f"--quota-backend-bytes={QUOTA}", kinds=("ours",) * 3)
    member, other = cluster.members["m0"], cluster.members["m1"]
    put = member.stub("KV").Put

    def alarms():
        return other.stub("Maintenance").Alarm(rpc.AlarmRequest(), timeout=20).alarms

    def is_put():
        """Another member may be full for a moment longer."""
        with contextlib.suppress(grpc.RpcError):
            return put(rpc.PutRequest(key=b"k", value=b"x" * 20_000), timeout=20)

    for _ in range(2):
        revision = fill(put)
        until(alarms, what="the alarm")
        member.stub("KV").Compact(rpc.CompactionRequest(revision=revision), timeout=20)
        until(lambda: not alarms(), what="the end of the alarm")
        until(is_put, what="a put")
    until(lambda: not member.status().errors, what="the end of the error")
    assert any(line["msg"].startswith("ending the NOSPACE alarm")
               for one in cluster for line in one.log_lines())


def test_an_alarm_found_at_the_start_ends_too(start):
    member = start(f"--quota-backend-bytes={QUOTA}")
    with api.connect(member.endpoint) as channel:
        revision = fill(api.stub(channel, "KV").Put)
        until(lambda: alarms_of(channel), what="the alarm")
    member.kill()
    member.start(wait=False)
    with api.connect(member.endpoint) as channel:
        alarms = functools.partial(alarms_of, channel)
        until(lambda: responds(alarms), what="the alarm again")
        api.stub(channel, "KV").Compact(rpc.CompactionRequest(revision=revision), timeout=20)
        until(lambda: not alarms_of(channel), what="the end of the alarm")


def test_by_the_rule_of_etcd_the_alarm_stays_until_it_is_disarmed(start):
    member = start(f"--quota-backend-bytes={QUOTA}", "--quota-backend-rule=etcd")
    with api.connect(member.endpoint) as channel:
        put, maintenance = api.stub(channel, "KV").Put, api.stub(channel, "Maintenance")
        revision = fill(put)
        until(lambda: alarms_of(channel), what="the alarm")
        api.stub(channel, "KV").Compact(rpc.CompactionRequest(revision=revision), timeout=20)
        until(lambda: maintenance.Status(rpc.StatusRequest(), timeout=20).dbSizeInUse < QUOTA / 4)
        # A member checks its alarm twice a second.
        time.sleep(2)
        alarm = rpc.AlarmRequest(
            action="DEACTIVATE", alarm="NOSPACE", memberID=alarms_of(channel)[0].memberID)
        maintenance.Defragment(rpc.DefragmentRequest(), timeout=60)
        maintenance.Alarm(alarm, timeout=20)
        put(rpc.PutRequest(key=b"k", value=b"x" * 20_000), timeout=20)


def responds(call):
    """The response; None from a member that is not ready."""
    with contextlib.suppress(grpc.RpcError):
        return call()


def alarms_of(channel):
    return api.stub(channel, "Maintenance").Alarm(rpc.AlarmRequest(), timeout=20).alarms


def test_deleted_data_leaves_the_disk_without_a_defragmentation(start):
    """The file gets holes, and its end is cut off; a real etcd takes it over and gives it back."""
    member = start("--snapshot-count=1000", real=True)
    pairs = ((b"k/%05d" % number, bytes([number % 256]) * 10_000) for number in range(12_000))
    load.fill(member.endpoint, pairs)
    member.stop()
    directory, ports = member.directory, (member.client_port, member.peer_port)
    file = directory / "member/snap/db"
    assert blocks_of(file) > 110_000_000
    member = start(directory=directory, ports=ports)
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        last = kv.DeleteRange(rpc.DeleteRangeRequest(key=b"k/01", range_end=b"l"), timeout=60)
        kv.Compact(rpc.CompactionRequest(revision=last.header.revision), timeout=60)
        maintenance = api.stub(channel, "Maintenance")
        until(lambda: maintenance.Status(rpc.StatusRequest(), timeout=20).dbSize < 50_000_000)
        until(lambda: file.stat().st_size < 50_000_000)
        status = maintenance.Status(rpc.StatusRequest(), timeout=20)
        assert status.dbSizeInUse < 30_000_000
        assert blocks_of(file) < 50_000_000
        assert metric(member, "etcd_server_db_disk_bytes") < 50_000_000
    hashes = []
    for real in (True, False):
        with api.connect(member.endpoint) as channel:
            kv = api.stub(channel, "KV")
            assert kv.Range(rpc.RangeRequest(
                key=b"k/", range_end=b"l", count_only=True), timeout=60).count == 1_000
        load.fill(member.endpoint, ((b"n/%d/%05d" % (real, number), b"v" * 10_000)
                                    for number in range(3_000)))
        hashes.append(member.hash_kv())
        member.stop()
        member = start(directory=directory, ports=ports, real=real)
        assert member.hash_kv() == hashes[-1]


def blocks_of(file):
    return file.stat().st_blocks * 512
