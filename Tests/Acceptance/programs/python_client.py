"""Runs the PyPI client etcd3 against a member: `python_client.py ENDPOINT TOPIC [AUTHORITY]`.

With an authority the connection uses TLS: the client sends its token over no other.
A separate process, because the generated descriptors of etcd3 clash with those of the tests.
"""
import io
import sys
import threading
import time

import etcd3


def put_and_get(client):
    client.put("key", "value")
    value, metadata = client.get("key")
    assert value == b"value"
    assert (metadata.key, metadata.version) == (b"key", 1)
    assert metadata.create_revision == metadata.mod_revision
    assert client.get("missing") == (None, None)
    before = client.put("key", "other", prev_kv=True).prev_kv
    assert before.value == b"value"
    assert client.put_if_not_exists("key", "no") is False
    assert client.put_if_not_exists("new", "yes") is True
    assert client.replace("key", "other", "third") is True
    assert client.replace("key", "other", "fourth") is False
    assert client.get("key", serializable=True)[0] == b"third"


def ranges(client):
    for number in range(20):
        client.put(f"r/{number:02}", str(number))
    found = list(client.get_prefix("r/"))
    assert [value for value, _ in found] == [str(number).encode() for number in range(20)]
    last = list(client.get_prefix("r/", sort_order="descend", sort_target="key"))
    assert last == sorted(last, key=lambda one: one[1].key, reverse=True)
    some = list(client.get_range("r/05", "r/08"))
    assert [metadata.key for _, metadata in some] == [b"r/05", b"r/06", b"r/07"]
    assert len(list(client.get_prefix("r/", keys_only=True))) == 20
    assert len(list(client.get_all())) >= 20


def deletes(client):
    for number in range(5):
        client.put(f"d/{number}", "x")
    assert client.delete("d/0") is True
    assert client.delete("d/0") is False
    assert client.delete("d/1", prev_kv=True, return_response=True).prev_kvs[0].value == b"x"
    assert client.delete_prefix("d/").deleted == 3


def transactions(client):
    client.put("t", "1")
    make = client.transactions
    succeeded, responses = client.transaction(
        compare=[make.value("t") == "1", make.version("t") > 0, make.create("t") > 0,
                 make.mod("t") > 0],
        success=[make.put("t", "2"), make.get("t"), make.delete("nothing"),
                 make.txn([make.version("t") > 5], [], [make.put("nested", "x")])],
        failure=[make.put("t", "never")])
    assert succeeded and responses[1][0][0] == b"2"
    assert client.get("nested")[0] == b"x"
    succeeded, _ = client.transaction(
        compare=[make.value("t") == "1"], success=[], failure=[make.put("t", "3")])
    assert not succeeded and client.get("t")[0] == b"3"


def leases(client):
    lease = client.lease(1000)
    client.put("l/1", "x", lease=lease)
    assert lease.granted_ttl == 1000 and 990 <= lease.remaining_ttl <= 1000
    assert list(lease.keys) == [b"l/1"]
    assert lease.refresh()[0].TTL == 1000
    lease.revoke()
    assert client.get("l/1") == (None, None)
    assert client.lease(1000, lease_id=77).id == 77


def watches(client):
    arrived, done = [], threading.Event()

    def collect(response):
        arrived.extend((type(event).__name__, event.key, event.value) for event in response.events)
        if len(arrived) >= 3:
            done.set()

    watch = client.add_watch_callback("w/", collect, range_end="w0")
    client.put("w/1", "a")
    client.put("w/2", "b")
    client.delete("w/1")
    assert done.wait(10), arrived
    client.cancel_watch(watch)
    assert arrived == [
        ("PutEvent", b"w/1", b"a"), ("PutEvent", b"w/2", b"b"), ("DeleteEvent", b"w/1", b"")]
    revision = client.get("w/2")[1].mod_revision
    events, cancel = client.watch("w/2", start_revision=revision)
    assert next(events).value == b"b"
    cancel()
    client.compact(client.put("w/2", "c").header.revision)
    events, cancel = client.watch("w/2", start_revision=1)
    try:
        next(events)
        raise AssertionError("a watch of a compacted revision is not cancelled")
    except etcd3.exceptions.RevisionCompactedError as error:
        assert error.compacted_revision == client.get("w/2")[1].mod_revision


def locks(client):
    first, second = client.lock("lock", ttl=30), client.lock("lock", ttl=30)
    assert first.acquire(timeout=5) and first.is_acquired()
    # No test of waiting for a lock: it needs an older tenacity in etcd3 0.12.0.
    assert not second.is_acquired()
    assert first.release() and not first.is_acquired()
    assert second.acquire(timeout=5) and second.is_acquired()
    assert second.release()


def compaction(client):
    for number in range(10):
        client.put("c", str(number))
    revision = client.get("c")[1].mod_revision
    client.compact(revision, physical=True)
    try:
        client.compact(revision)
        raise AssertionError("a second compaction at the same revision succeeds")
    except Exception as error:
        assert "compacted" in str(error), error
    client.defragment()


def snapshots(client):
    client.put("s", "unusual value in the snapshot")
    target = io.BytesIO()
    client.snapshot(target)
    assert b"unusual value in the snapshot" in target.getvalue()
    assert (len(target.getvalue()) - 32) % 512 == 0, "the file and its SHA-256"


def members_and_status(client):
    members = list(client.members)
    assert len(members) == 1 and members[0].name == "default"
    status = client.status()
    assert status.leader.id == members[0].id and status.version.startswith("3.")
    assert status.raft_index > 0 and status.db_size > 0
    assert list(client.list_alarms()) == []


def users(connect):
    """A user logs in, and again when its token of two seconds has expired."""
    alice = connect(user="alice", password="alicepw")
    alice.put("a/1", "value")
    assert alice.get("a/1")[0] == b"value"
    assert [key.key for _, key in alice.get_prefix("a/")] == [b"a/1"]
    for call in (lambda: alice.put("x", "no"), lambda: alice.get("x"),
                 lambda: list(alice.get_all()), lambda: alice.delete_prefix("x")):
        assert "permission denied" in failure(call)
    lease = alice.lease(1000)
    alice.put("a/2", "x", lease=lease)
    assert lease.refresh()[0].TTL == 1000
    events, cancel = alice.watch_prefix("a/")
    connect(user="root", password="rootpw").put("a/3", "by root")
    assert next(events).value == b"by root"
    cancel()
    time.sleep(4)
    assert "invalid auth token" in failure(lambda: alice.get("a/1"))
    again = connect(user="alice", password="alicepw")
    assert again.get("a/1")[0] == b"value"
    assert "invalid user ID or password" in failure(
        lambda: connect(user="alice", password="wrong"))
    assert "user name is empty" in failure(lambda: connect().get("a/1"))


def failure(call):
    """The text of the error of a call that must fail."""
    try:
        call()
    except Exception as error:
        details = getattr(error, "details", None)
        return str(details() if callable(details) else error)
    raise AssertionError("the call succeeds")


TOPICS = {one.__name__: one for one in (
    put_and_get, ranges, deletes, transactions, leases, watches, locks, compaction, snapshots,
    members_and_status)}

if __name__ == "__main__":
    address, port = sys.argv[1].split(":")
    if sys.argv[2] == "users":
        users(lambda **user: etcd3.client(
            host=address, port=int(port), ca_cert=sys.argv[3], timeout=20, **user))
    else:
        TOPICS[sys.argv[2]](etcd3.client(host=address, port=int(port), timeout=20))
