"""Distributed tracing: the spans of calls as a collector gets them."""
import queue
import re
import secrets

import grpc
import pytest

from acceptance import api
from acceptance.cluster import metric, until
from acceptance.collector import Collector
from acceptance.members import free_ports

rpc = api.rpc


@pytest.fixture
def collector():
    one = Collector(free_ports(1)[0])
    yield one
    one.stop()


def flags(collector, rate=0):
    return ["--enable-distributed-tracing", "--distributed-tracing-address", collector.address,
            "--distributed-tracing-service-name", "kv", "--distributed-tracing-instance-id", "m1",
            "--distributed-tracing-sampling-rate", str(rate)]


class Caller:
    """The span of a client."""

    def __init__(self, flags="01"):
        self.trace, self.id = secrets.token_hex(16), secrets.token_hex(8)
        self.metadata = [("traceparent", f"00-{self.trace}-{self.id}-{flags}"),
                         ("tracestate", "vendor=1")]


def put(channel, key=b"a", caller=None):
    return api.stub(channel, "KV").Put(
        rpc.PutRequest(key=key, value=b"v"), timeout=20,
        metadata=caller.metadata if caller else None)


def spans_of_a_put(member, collector, caller):
    """The five spans of a put, each within the one before or after it."""
    with member.connect() as channel:
        put(channel, b"key", caller)
    names = ["etcdserverpb.KV/Put", "put", "raft_proposal", "log_write", "apply"]
    until(lambda: len(collector.of(caller.trace)) >= len(names), what="the spans of the put")
    spans = collector.of(caller.trace)
    assert sorted(spans) == sorted(names)
    return [spans[name] for name in names]


def are_in_order(call, put_span, proposal, log, apply):
    """Whether the times of spans follow each other; of two readings of the clock, by a millisecond."""
    return (call.start <= put_span.start <= proposal.start <= proposal.end
            and put_span.end <= call.end and log.start < log.end <= apply.end
            and apply.end <= proposal.end + 1_000_000)


def test_a_put_is_a_tree_of_spans_below_the_caller(start, collector):
    collector.start()
    member = start(*flags(collector))
    caller = Caller()
    call, put_span, proposal, log, apply = spans = spans_of_a_put(member, collector, caller)
    assert [call.parent, put_span.parent, proposal.parent, log.parent, apply.parent] == [
        caller.id, call.id, put_span.id, proposal.id, proposal.id]
    assert call.kind == 2 and {s.kind for s in (put_span, proposal, log, apply)} == {1}
    assert call.attributes == {
        "rpc.method": "etcdserverpb.KV/Put", "rpc.system.name": "grpc",
        "server.address": "127.0.0.1", "server.port": member.client_port,
        "rpc.response.status_code": "OK"}
    assert put_span.attributes == {"key": "key"}
    assert put_span.events == ["Send raft proposal", "Receive raft result"]
    assert call.resource == {"service.name": "kv", "service.instance.id": "m1"}
    assert call.state == "vendor=1" and call.failure is None
    # If the machine pauses between two readings of the clock, the spans of another put are.
    assert are_in_order(*spans) or any(
        are_in_order(*spans_of_a_put(member, collector, Caller())) for _ in range(5))


def test_each_operation_has_the_attributes_of_etcds(start, collector):
    collector.start()
    member = start(*flags(collector))
    caller = Caller()
    with member.connect() as channel:
        kv, lease = api.stub(channel, "KV"), api.stub(channel, "Lease")
        options = {"timeout": 20, "metadata": caller.metadata}
        kv.Range(rpc.RangeRequest(key=b"a", range_end=b"b", limit=3, keys_only=True), **options)
        lease.LeaseGrant(rpc.LeaseGrantRequest(ID=7, TTL=60), **options)
        kv.Txn(rpc.TxnRequest(
            compare=[rpc.Compare(key=b"c", target=rpc.Compare.VERSION, version=0)],
            success=[rpc.RequestOp(request_put=rpc.PutRequest(key=b"d", lease=7))]), **options)
        kv.DeleteRange(rpc.DeleteRangeRequest(key=b"d"), **options)
        kv.Compact(rpc.CompactionRequest(revision=2, physical=True), **options)
        lease.LeaseRevoke(rpc.LeaseRevokeRequest(ID=7), **options)
    expected = {
        "range": {"range_begin": "a", "range_end": "b", "rev": 0, "limit": 3,
                  "count_only": False, "keys_only": True},
        "lease_grant": {"id": 7, "ttl": 60},
        "txn": {"compare_first_key": "c", "success_first_key": "d", "success_first_type": "put",
                "success_first_lease": 7, "compare_len": 1, "success_len": 1, "failure_len": 0,
                "read_only": False},
        "delete_range": {"range_begin": "d", "range_end": ""},
        "compact": {"is_physical": True, "rev": 2},
        "lease_revoke": {"id": 7},
    }
    until(lambda: expected.keys() <= collector.of(caller.trace).keys(), what="all spans")
    spans = collector.of(caller.trace)
    assert {name: spans[name].attributes for name in expected} == expected


def test_failures_and_streams_are_spans_of_their_calls(start, collector):
    collector.start()
    member = start(*flags(collector))
    caller = Caller()
    with member.connect() as channel:
        with pytest.raises(grpc.RpcError):
            put(channel, b"", caller)
        with pytest.raises(grpc.RpcError):
            api.stub(channel, "Lease").LeaseRevoke(
                rpc.LeaseRevokeRequest(ID=99), timeout=20, metadata=caller.metadata)
        watch = api.stub(channel, "Watch").Watch(
            iter([rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"a"))]),
            timeout=20, metadata=caller.metadata)
        next(watch)
        watch.cancel()
    names = {"etcdserverpb.KV/Put", "etcdserverpb.Lease/LeaseRevoke", "etcdserverpb.Watch/Watch"}
    until(lambda: names <= collector.of(caller.trace).keys(), what="all spans")
    spans = collector.of(caller.trace)
    codes = {name: spans[name].attributes["rpc.response.status_code"] for name in names}
    assert codes == {"etcdserverpb.KV/Put": "INVALID_ARGUMENT",
                     "etcdserverpb.Lease/LeaseRevoke": "NOT_FOUND",
                     "etcdserverpb.Watch/Watch": "CANCELLED"}
    # By OpenTelemetry's rules these are faults of the client, not of the server.
    assert {spans[name].failure for name in names} == {None}


def test_parts_of_streams_are_spans(start, collector):
    collector.start()
    member = start(*flags(collector))
    caller = Caller()
    options = {"timeout": 20, "metadata": caller.metadata}
    with member.connect() as channel:
        api.stub(channel, "Lease").LeaseGrant(rpc.LeaseGrantRequest(ID=7, TTL=60), timeout=20)
        next(api.stub(channel, "Lease").LeaseKeepAlive(
            iter([rpc.LeaseKeepAliveRequest(ID=7)]), **options))
        list(api.stub(channel, "KV").RangeStream(rpc.RangeRequest(key=b"a"), **options))
        requests = queue.SimpleQueue()
        requests.put(rpc.WatchRequest(create_request=rpc.WatchCreateRequest(
            key=b"a", range_end=b"\0", start_revision=5, prev_kv=True)))
        watch = api.stub(channel, "Watch").Watch(iter(requests.get, None), **options)
        next(watch)
        requests.put(rpc.WatchRequest(cancel_request=rpc.WatchCancelRequest(watch_id=0)))
        next(watch)
        until(lambda: {"watch", "lease_renew", "range_streaming"}
              <= collector.of(caller.trace).keys(), what="all spans")
        assert "etcdserverpb.Watch/Watch" not in collector.of(caller.trace)
        requests.put(None)
        watch.cancel()
    spans = collector.of(caller.trace)
    assert spans["lease_renew"].attributes == {"id": 7}
    assert spans["range_streaming"].attributes == {
        "range_begin": "a", "range_end": "", "rev": 0, "limit": 0, "count_only": False}
    assert spans["watch"].attributes == {
        "key": "a", "range_end": "", "start_rev": 5, "progress_notify": False, "prev_kv": True,
        "fragment": False}
    until(lambda: "etcdserverpb.Watch/Watch" in collector.of(caller.trace), what="the stream")
    call = collector.of(caller.trace)["etcdserverpb.Watch/Watch"]
    assert spans["watch"].parent == call.id and call.parent == caller.id


@pytest.mark.parametrize("rate, count", [(0, 0), (1_000_000, 20)])
def test_traces_that_begin_here_are_sampled_by_the_rate(start, collector, rate, count):
    collector.start()
    member = start(*flags(collector, rate))
    unsampled, sampled = Caller("00"), Caller()
    with member.connect() as channel:
        for _ in range(20):
            put(channel)
        put(channel, caller=unsampled)
        put(channel, caller=sampled)

    def beginning_here():
        return [span for span in list(collector.spans)
                if span.name == "etcdserverpb.KV/Put" and not span.parent]
    until(lambda: "etcdserverpb.KV/Put" in collector.of(sampled.trace), what="the last put")
    until(lambda: len(beginning_here()) >= count, what="the puts before")
    assert len(beginning_here()) == count
    assert not collector.of(unsampled.trace)


def test_without_a_collector_the_member_serves_and_drops_spans(start, collector):
    member = start(*flags(collector))
    caller = Caller()
    with member.connect() as channel:
        for _ in range(1000):
            put(channel, caller=caller)
        # 5 spans for each put, of which the queue holds 2,048 and the exporter a batch of 512.
        until(lambda: metric(member, "etcd_server_trace_spans_dropped_total")
              >= 5 * 1000 - 2048 - 512, what="drops")
        line, = until(lambda: [line for line in member.log_lines()
                               if line["msg"] == "failed to export traces"])
        assert line["address"] == collector.address
        collector.start()
        last = Caller()
        put(channel, caller=last)
        until(lambda: len(collector.spans) >= 2048, what="the spans that waited")
        last = Caller()
        put(channel, caller=last)
        until(lambda: collector.of(last.trace), what="the last put")
    assert len(member.logged("exporting traces again")) == 1


def test_the_last_spans_are_exported_when_the_member_stops(start, collector):
    collector.start()
    member = start(*flags(collector))
    caller = Caller()
    with member.connect() as channel:
        put(channel, caller=caller)
    member.stop()
    assert "apply" in collector.of(caller.trace)


def test_members_of_a_cluster_show_their_own_log_and_apply(make_cluster, collector):
    collector.start()
    cluster = make_cluster(*flags(collector))
    for member in cluster.members.values():
        caller = Caller()
        put(member.channel, caller=caller)
        until(lambda: {"put", "raft_proposal", "apply"} <= collector.of(caller.trace).keys(),
              what="the spans of the put")


def test_metrics_of_tracing_exist_with_tracing_only(start, collector):
    assert "trace_spans" not in start().get("/metrics")[1]
    body = start(*flags(collector)).get("/metrics")[1]
    assert re.search(r"^etcd_server_trace_spans_dropped_total 0$", body, re.MULTILINE)
