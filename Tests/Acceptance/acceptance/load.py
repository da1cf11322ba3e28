"""Bulk loading: transactions of many puts, several of them in flight."""
import collections
import pathlib

from acceptance import api

rpc = api.rpc


def puts(items, size=100, lease=0):
    """Transactions of `size` puts each for (key, value) items."""
    operations = []
    for key, value in items:
        put = rpc.PutRequest(key=key, value=value, lease=lease)
        operations.append(rpc.RequestOp(request_put=put))
        if len(operations) == size:
            yield rpc.TxnRequest(success=operations)
            operations = []
    if operations:
        yield rpc.TxnRequest(success=operations)


def fill(endpoint, items, size=100, outstanding=16, lease=0):
    """Puts all items, attached to the lease, and returns the revision after the last one."""
    revision = 0
    with api.connect(endpoint) as channel:
        txn = api.stub(channel, "KV").Txn
        in_flight = collections.deque()
        for request in puts(items, size, lease):
            in_flight.append(txn.future(request, timeout=120))
            if len(in_flight) >= outstanding:
                revision = max(revision, in_flight.popleft().result().header.revision)
        for call in in_flight:
            revision = max(revision, call.result().header.revision)
    return revision


def anonymous_bytes(process_id):
    """Anonymous memory of a process, without pages of mapped files."""
    for line in pathlib.Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon in /proc")
