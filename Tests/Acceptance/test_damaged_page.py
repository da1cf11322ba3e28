"""A page of the database that becomes damaged while the member runs.

Whatever meets it first, the member stops and names the page: no answer is cut short, no watcher
skips an event, no compaction counts as done. The log and the rest of the file stay as they are, so
the member runs again once the page is back.
"""
import os
import threading

import grpc
import pytest

import api
from test_damage import assert_stopped_loudly, refused

rpc = api.rpc
PAGE = 4096
KEYS = 400
SOUGHT = 217


def key(number):
    return b"cold/%04d" % number


def value(number):
    return b"<value %04d>" % number * 75


def filled(start):
    """A member whose database holds all keys, and nothing waits to be written."""
    member = start()
    with api.connect(member.endpoint) as channel:
        kv = api.stub(channel, "KV")
        for number in range(KEYS):
            kv.Put(rpc.PutRequest(key=key(number), value=b"first"))
        for number in range(KEYS):
            kv.Put(rpc.PutRequest(key=key(number), value=value(number)))
    member.stop()
    return member.start()


class Damage:
    """Clears the header of every page that holds the sought value, in the file of a running member."""

    def __init__(self, member):
        self.path = member.directory / "member/snap/db"
        content = self.path.read_bytes()
        self.headers = {}
        place = content.find(value(SOUGHT))
        while place >= 0:
            page = place // PAGE * PAGE
            self.headers[page] = content[page:page + 16]
            place = content.find(value(SOUGHT), place + 1)
        assert self.headers
        for page in self.headers:
            self.write(page, bytes(16))

    def write(self, place, content):
        file = os.open(self.path, os.O_WRONLY)
        os.pwrite(file, content, place)
        os.close(file)

    def undo(self):
        """Puts the headers back, but not on free pages that were written since."""
        content = self.path.read_bytes()
        for page, header in self.headers.items():
            if content[page:page + 16] == bytes(16):
                self.write(page, header)


def range_of_all(channel):
    answer = api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"cold/", range_end=b"cold0"))
    raise AssertionError(f"{len(answer.kvs)} pairs are answered")


def get_of_one(channel):
    answer = api.stub(channel, "KV").Range(rpc.RangeRequest(key=key(SOUGHT)))
    raise AssertionError(f"{len(answer.kvs)} pairs are answered")


def deletion_with_previous(channel):
    answer = api.stub(channel, "KV").DeleteRange(
        rpc.DeleteRangeRequest(key=b"cold/", range_end=b"cold0", prev_kv=True))
    raise AssertionError(f"{answer.deleted} keys are deleted")


def transaction(channel):
    """Puts first: nothing of it may stay when the range behind fails."""
    answer = api.stub(channel, "KV").Txn(rpc.TxnRequest(success=[
        rpc.RequestOp(request_put=rpc.PutRequest(key=b"beside", value=b"1")),
        rpc.RequestOp(request_range=rpc.RangeRequest(key=key(SOUGHT)))]))
    raise AssertionError(f"answered: {answer.succeeded}")


def watch_of_history(channel):
    """Gives events up to the damage at most, each in its turn."""
    create = rpc.WatchCreateRequest(key=b"cold/", range_end=b"cold0", start_revision=2)
    done = threading.Event()

    def requests():
        yield rpc.WatchRequest(create_request=create)
        done.wait(20)

    revision = 1
    try:
        for answer in api.stub(channel, "Watch").Watch(requests(), timeout=20):
            for event in answer.events:
                assert event.kv.mod_revision == revision + 1, "no event is left out"
                revision = event.kv.mod_revision
                assert revision < 2 + KEYS + SOUGHT, "the damaged record is given out"
    finally:
        done.set()


def compaction(channel):
    api.stub(channel, "KV").Compact(
        rpc.CompactionRequest(revision=KEYS + SOUGHT + 10, physical=True))
    raise AssertionError("the compaction counts as done")


def hash_of_keys(channel):
    answer = api.stub(channel, "Maintenance").HashKV(rpc.HashKVRequest())
    raise AssertionError(f"hash {answer.hash}")


def hash_of_file(channel):
    answer = api.stub(channel, "Maintenance").Hash(rpc.HashRequest())
    raise AssertionError(f"hash {answer.hash}")


def defragmentation(channel):
    api.stub(channel, "Maintenance").Defragment(rpc.DefragmentRequest(), timeout=20)
    raise AssertionError("the defragmentation counts as done")


@pytest.mark.parametrize("meet", [
    range_of_all, get_of_one, deletion_with_previous, transaction, watch_of_history, compaction,
    hash_of_keys, hash_of_file, defragmentation], ids=lambda meet: meet.__name__)
def test_a_damaged_page_stops_the_member_that_meets_it(start, meet):
    member = filled(start)
    damage = Damage(member)
    with api.connect(member.endpoint) as channel:
        with pytest.raises(grpc.RpcError):
            meet(channel)
    pages = [f"page {page // PAGE}" for page in damage.headers]
    assert_stopped_loudly(member, *pages)
    assert not (member.directory / "member/snap/db.tmp.defragment").exists()
    status, log = refused(member)
    assert status == 1 and any(page in log for page in pages), log
    damage.undo()
    member.start()
    # What is committed in the log is applied now, once and whole.
    assert_keys(member, [] if meet is deletion_with_previous else range(KEYS))
    if meet is transaction:
        assert '"version":1' in member.etcdctl("get", "beside", "-w", "json").stdout


def assert_keys(member, numbers):
    with api.connect(member.endpoint) as channel:
        answer = api.stub(channel, "KV").Range(rpc.RangeRequest(key=b"cold/", range_end=b"cold0"))
    assert [(one.key, one.value) for one in answer.kvs] == \
        [(key(number), value(number)) for number in numbers]
