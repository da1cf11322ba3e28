"""The `.snap` files of a data directory are those of etcd after the same history.

Etcd before 3.6 reads the members from them, and a downgraded member starts from the newest one.
"""
import contextlib
import json
import os

from acceptance import api
from acceptance.cluster import until
from acceptance.members import Member, free_ports, our_etcd, our_member, tool

rpc = api.rpc
COUNT = 10


def fields(data):
    """The length-delimited fields of a protobuf message, by number."""
    def varint(offset):
        value = shift = 0
        while True:
            byte = data[offset]
            value |= (byte & 0x7F) << shift
            offset, shift = offset + 1, shift + 7
            if byte < 0x80:
                return value, offset

    found, offset = {}, 0
    while offset < len(data):
        key, offset = varint(offset)
        value, offset = varint(offset)
        if key & 7 == 2:
            found[key >> 3] = data[offset:offset + value]
            offset += value
    return found


def members(path):
    """Names and addresses of the members in a `.snap` file, and the number of removed ones."""
    snapshot = fields(fields(path.read_bytes())[2])
    root = json.loads(snapshot[1])["Root"]["Children"]["0"]["Children"]
    listed = []
    for node in root["members"]["Children"].values():
        parts = {name: json.loads(one["Value"]) for name, one in node["Children"].items()}
        listed.append(json.dumps(
            {key: value for part in parts.values() for key, value in part.items()},
            sort_keys=True))
    return sorted(listed), len(root.get("removed_members", {}).get("Children") or {})


def snapshot_files(directory):
    """Names and contents of the files; skips those that are removed meanwhile."""
    folder = directory / "member" / "snap"
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".snap") and not name.startswith("tmp."):
            with contextlib.suppress(FileNotFoundError):
                found[name] = members(folder / name)
    return found


def run_history(member):
    """Sequential writes and membership changes, as in etcd's own test."""
    with api.connect(member.endpoint) as channel:
        keys, cluster = api.stub(channel, "KV"), api.stub(channel, "Cluster")

        def put(count, value):
            for number in range(count):
                keys.Put(rpc.PutRequest(key=b"%d" % number, value=value), timeout=20)

        def add_learner(port):
            return cluster.MemberAdd(rpc.MemberAddRequest(
                peerURLs=[f"http://127.0.0.1:{port}"], isLearner=True), timeout=20).member.ID

        put(3 * COUNT, b"1")
        learner = add_learner(2000)
        for number in range(2 * COUNT):
            keys.DeleteRange(rpc.DeleteRangeRequest(key=b"%d" % number), timeout=20)
        cluster.MemberRemove(rpc.MemberRemoveRequest(ID=learner), timeout=20)
        put(COUNT, b"2")
        add_learner(2001)
        put(COUNT // 2, b"3")


def test_snapshot_files_are_those_of_a_real_etcd(tmp_path):
    ports = free_ports(2)
    found = {}
    for kind, binary in (("real", tool("etcd")), ("ours", our_etcd())):
        member = Member(
            binary, tmp_path / kind, f"--snapshot-count={COUNT}", ports=ports).start()
        try:
            # Its entry has an index as well, which must not come between those of the history.
            until(lambda: "not_decided" not in member.get("/version")[1], what="a version")
            run_history(member)
        finally:
            member.stop()
        found[kind] = snapshot_files(tmp_path / kind)
    assert len(found["real"]) > 5
    assert found["ours"] == found["real"]


def test_old_snapshot_files_are_purged_at_the_next_start(tmp_path):
    """Purging is periodic, so the number of files does not depend on the write rate."""
    member = our_member(tmp_path / "data", f"--snapshot-count={COUNT}", "--max-snapshots=2").start()
    try:
        for _ in range(4):
            put_until_a_snapshot(member)
        assert len(snapshot_files(member.directory)) >= 4, "no file is removed before a purge"
        member.stop()
        newest = sorted(snapshot_files(member.directory))[-2:]
        member.start()
        until(lambda: sorted(snapshot_files(member.directory)) == newest)
    finally:
        member.close()


def put_until_a_snapshot(member):
    before = set(snapshot_files(member.directory))
    with api.connect(member.endpoint) as channel:
        def put_and_list():
            api.stub(channel, "KV").Put(rpc.PutRequest(key=b"k"), timeout=20)
            return set(snapshot_files(member.directory)) - before
        until(put_and_list)
