"""A database page that is damaged while the member runs.

The first operation that reads the page stops the member, which logs the page: no response is
incomplete, no watcher skips an event, no compaction is completed. The log and the rest of the file
are unchanged, so the member runs again when the page is restored.
"""
import os
import threading

import grpc
import pytest

from acceptance import api
from acceptance.stopped_members import assert_stopped_with_error, failed_start

rpc = api.rpc
PAGE = 4096
KEYS = 400
DAMAGED = 217


def key(number):
    return b"cold/%04d" % number


def value(number):
    return b"<value %04d>" % number * 75


def filled(start):
    """A member whose database file has all keys: the write buffer is empty."""
    member = start()
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for number in range(KEYS):
            kv.Put(rpc.PutRequest(key=key(number), value=b"first"))
        for number in range(KEYS):
            kv.Put(rpc.PutRequest(key=key(number), value=value(number)))
    member.stop()
    return member.start()


class PageDamage:
    """Clears the header of each page with the damaged value, in the file of a running member."""

    def __init__(self, member):
        self.path = member.directory / "member/snap/db"
        content = self.path.read_bytes()
        self.headers = {}
        offset = content.find(value(DAMAGED))
        while offset >= 0:
            page = offset // PAGE * PAGE
            self.headers[page] = content[page:page + 16]
            offset = content.find(value(DAMAGED), offset + 1)
        assert self.headers
        for page in self.headers:
            self.write(page, bytes(16))

    def write(self, offset, content):
        file = os.open(self.path, os.O_WRONLY)
        os.pwrite(file, content, offset)
        os.close(file)

    def undo(self):
        """Restores the headers, except for free pages that were written since."""
        content = self.path.read_bytes()
        for page, header in self.headers.items():
            if content[page:page + 16] == bytes(16):
                self.write(page, header)


def range_of_all(channel):
    response = api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"cold/", range_end=b"cold0"))
    raise AssertionError(f"{len(response.kvs)} pairs were returned")


def get_of_one(channel):
    response = api.stub(channel, "KV").Range(rpc.RangeRequest(key=key(DAMAGED)))
    raise AssertionError(f"{len(response.kvs)} pairs were returned")


def deletion_with_previous(channel):
    response = api.stub(channel, "KV").DeleteRange(
        rpc.DeleteRangeRequest(key=b"cold/", range_end=b"cold0", prev_kv=True))
    raise AssertionError(f"{response.deleted} keys were deleted")


def transaction(channel):
    """A put before the range that fails: it must not take effect."""
    response = api.stub(channel, "KV").Txn(rpc.TxnRequest(success=[
        rpc.RequestOp(request_put=rpc.PutRequest(key=b"beside", value=b"1")),
        rpc.RequestOp(request_range=rpc.RangeRequest(key=key(DAMAGED)))]))
    raise AssertionError(f"a response: {response.succeeded}")


def watch_of_history(channel):
    """Receives events in order, at most up to the damaged record."""
    create = rpc.WatchCreateRequest(key=b"cold/", range_end=b"cold0", start_revision=2)
    done = threading.Event()

    def requests():
        yield rpc.WatchRequest(create_request=create)
        done.wait(20)

    revision = 1
    try:
        for response in api.stub(channel, "Watch").Watch(requests(), timeout=20):
            for event in response.events:
                assert event.kv.mod_revision == revision + 1, "events are consecutive"
                revision = event.kv.mod_revision
                assert revision < 2 + KEYS + DAMAGED, "the damaged record was sent"
    finally:
        done.set()


def compaction(channel):
    api.stub(channel, "KV").Compact(
        rpc.CompactionRequest(revision=KEYS + DAMAGED + 10, physical=True))
    raise AssertionError("the compaction succeeded")


def hash_of_keys(channel):
    response = api.stub(channel, "Maintenance").HashKV(rpc.HashKVRequest())
    raise AssertionError(f"hash {response.hash}")


def hash_of_file(channel):
    response = api.stub(channel, "Maintenance").Hash(rpc.HashRequest())
    raise AssertionError(f"hash {response.hash}")


def defragmentation(channel):
    api.stub(channel, "Maintenance").Defragment(rpc.DefragmentRequest(), timeout=20)
    raise AssertionError("the defragmentation succeeded")


@pytest.mark.parametrize("read", [
    range_of_all, get_of_one, deletion_with_previous, transaction, watch_of_history, compaction,
    hash_of_keys, hash_of_file, defragmentation], ids=lambda read: read.__name__)
def test_a_damaged_page_stops_the_member_that_reads_it(start, read):
    member = filled(start)
    damage = PageDamage(member)
    with api.connect(member.endpoint) as channel:
        with pytest.raises(grpc.RpcError):
            read(channel)
    pages = [f"page {page // PAGE}" for page in damage.headers]
    assert_stopped_with_error(member, *pages)
    assert not (member.directory / "member/snap/db.tmp.defragment").exists()
    status, log = failed_start(member)
    assert status == 1 and any(page in log for page in pages), log
    damage.undo()
    member.start()
    # The committed entries of the log are applied now, exactly once.
    assert_keys(member, [] if read is deletion_with_previous else range(KEYS))
    if read is transaction:
        assert '"version":1' in member.etcdctl("get", "beside", "-w", "json").stdout


def assert_keys(member, numbers):
    with api.connect(member.endpoint) as channel:
        response = api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"cold/", range_end=b"cold0"))
    assert [(one.key, one.value) for one in response.kvs] == \
        [(key(number), value(number)) for number in numbers]
