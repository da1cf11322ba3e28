"""The space quota of the database."""
import grpc
import pytest

from acceptance import api

rpc = api.rpc
QUOTA = 16 << 20


def test_compaction_and_defragmentation_free_space_at_once(start):
    member = start(f"--quota-backend-bytes={QUOTA}")
    with api.connect(member.endpoint) as channel:
        put = api.stub(channel, "KV").Put
        maintenance = api.stub(channel, "Maintenance")
        with pytest.raises(grpc.RpcError) as raised:
            for number in range(1000):
                last = put(rpc.PutRequest(key=b"k", value=b"%d" % number * 20_000), timeout=20)
        assert "database space exceeded" in raised.value.details()
        api.stub(channel, "KV").Compact(
            rpc.CompactionRequest(revision=last.header.revision), timeout=20)
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
