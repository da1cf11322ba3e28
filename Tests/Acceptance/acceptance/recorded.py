"""Recorded calls: file format, execution and comparison.

A recording is a file of JSON lines. The first line has the version of the recorded etcd, the topic
and the seed. Each other line is a step: a request and its responses. `record_responses.py` records
a real etcd, `test_recorded.py` makes the same calls to swift-etcd.

Fields that depend on the process are left out: IDs of member and cluster, file sizes. Bytes are
Latin-1 text; a repeated pattern is written once, a long list of pairs as its digest.
"""
import hashlib
import json
import pathlib
import time

import grpc

from acceptance import api, differential

rpc = api.rpc
FOLDER = pathlib.Path(__file__).resolve().parents[1] / "recorded"
REPEATED_BYTES_MIN = 64
LISTED_PAIRS_MAX = 4
# IDs that a server generates, and values that depend on the machine or on timing.
LEFT_OUT = {
    "ResponseHeader": {"cluster_id", "member_id"},
    "StatusResponse": {
        "leader", "raftIndex", "raftAppliedIndex", "dbSize", "dbSizeInUse"},
    "SnapshotResponse": {"remaining_bytes", "blob"},
}


def encode(message):
    """A message as JSON data, without fields that are not set."""
    left_out = LEFT_OUT.get(message.DESCRIPTOR.name, ())
    return {
        field.name: encode_field(field, value)
        for field, value in message.ListFields() if field.name not in left_out}


def encode_field(field, value):
    if field.is_repeated:
        listed = [encode_value(field, one) for one in value]
        if field.name == "kvs" and len(listed) > LISTED_PAIRS_MAX:
            return digest(listed)
        return listed
    return encode_value(field, value)


def encode_value(field, value):
    if field.type == field.TYPE_MESSAGE:
        return encode(value)
    return encode_bytes(value) if field.type == field.TYPE_BYTES else value


def digest(pairs):
    text = json.dumps(pairs, sort_keys=True).encode()
    return {"pairs": len(pairs), "first": pairs[0]["key"], "last": pairs[-1]["key"],
            "sha256": hashlib.sha256(text).hexdigest()}


def encode_bytes(value):
    if len(value) >= REPEATED_BYTES_MIN:
        for length in (1, 4):
            times = len(value) // length
            if value == value[:length] * times:
                return {"repeat": value[:length].decode("latin-1"), "times": times}
    return value.decode("latin-1")


def decode_bytes(data):
    if isinstance(data, dict):
        return data["repeat"].encode("latin-1") * data["times"]
    return data.encode("latin-1")


def decode_scalar(data):
    """A value of another kind; a long text may be written as a repetition."""
    return data["repeat"] * data["times"] if isinstance(data, dict) else data


def decode(kind, data):
    """Reverses `encode`; `kind` is the message class."""
    message = kind()
    for name, value in data.items():
        field = kind.DESCRIPTOR.fields_by_name[name]
        if field.type == field.TYPE_MESSAGE:
            inner = getattr(message, name)
            if field.is_repeated:
                inner.extend(decode(field.message_type._concrete_class, one) for one in value)
            else:
                inner.CopyFrom(decode(field.message_type._concrete_class, value))
                inner.SetInParent()
        else:
            read = decode_bytes if field.type == field.TYPE_BYTES else decode_scalar
            if field.is_repeated:
                getattr(message, name).extend(read(one) for one in value)
            else:
                setattr(message, name, read(value))
    return message


class Caller:
    """Performs steps on one server."""

    UNTIL_SECONDS = 30

    def __init__(self, member):
        self.channel = api.connect(member.endpoint)
        self.stubs = {}

    def close(self):
        self.channel.close()

    def call(self, name, request, seconds=30):
        service, method = name.split(".")
        return getattr(self.stub(service), method)(request, timeout=seconds)

    def stub(self, service):
        if service not in self.stubs:
            self.stubs[service] = api.stub(self.channel, service)
        return self.stubs[service]

    def perform(self, step):
        """Performs a step; returns `responses`, and `error` if the call failed."""
        if "fill" in step:
            return self.fill(**step["fill"])
        if step["call"] == "Watch.Watch":
            return self.watch(step)
        request = decode(api.request_type(step["call"]), step["request"])
        if "until" in step:
            return self.until(step, request)
        return self.responses(step["call"], request)

    def responses(self, name, request):
        found = []
        try:
            response = self.call(name, request)
            for one in [response] if hasattr(response, "DESCRIPTOR") else response:
                found.append(encode(one))
        except grpc.RpcError as error:
            return {"responses": found, "error": [error.code().name, error.details()]}
        # The chunk size of a snapshot is up to the server; the recorded fields of chunks are equal.
        if name == "Maintenance.Snapshot":
            found = [one for index, one in enumerate(found) if one not in found[:index]]
        return {"responses": found}

    def until(self, step, request):
        """Repeats the call until the response has the given fields, which change asynchronously."""
        end = time.monotonic() + self.UNTIL_SECONDS
        while True:
            result = self.responses(step["call"], request)
            reached = result["responses"] and all(
                result["responses"][0].get(name) == value for name, value in step["until"].items())
            if reached or time.monotonic() > end:
                return result
            time.sleep(0.1)

    def fill(self, prefix, count, size):
        """Puts numbered keys, a hundred in a transaction, or one if the values are large."""
        batch = 100 if size < 1000 else 1
        for start in range(0, count, batch):
            operations = [
                rpc.RequestOp(request_put=rpc.PutRequest(
                    key=f"{prefix}{number:04}".encode(), value=b"%c" % (97 + number % 26) * size))
                for number in range(start, min(start + batch, count))]
            response = self.call("KV.Txn", rpc.TxnRequest(success=operations))
        return {"responses": [{"revision": response.header.revision}]}

    def watch(self, step):
        """The events from a revision to the current one, or the cancellation of the watcher.

        The number of responses depends on timing, so the events are in one list.
        """
        newest = self.call("KV.Put", rpc.PutRequest(key=b"watched", value=b"last")).header.revision
        self.stub("Watch")
        stream = differential.WatchStream(self)
        stream.send(create_request=decode(rpc.WatchCreateRequest, step["request"]))
        received = stream.take(lambda response: response.canceled or any(
            one.kv.mod_revision >= newest for one in response.events))
        stream.close()
        if isinstance(received[-1], tuple):
            return {"responses": [], "error": list(received[-1])}
        if received[-1].canceled:
            return {"responses": [encode(received[-1])]}
        events = [encode(one) for response in received for one in response.events]
        return {"responses": [{"events": events}]}


def read(path):
    """Heading and steps of a recording."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return lines[0], lines[1:]


def differences(member, steps, limit=5):
    """Performs the steps of a recording and describes the responses that differ from it."""
    caller = Caller(member)
    found = []
    try:
        for number, step in enumerate(steps):
            request = {key: step[key] for key in step if key not in ("responses", "error")}
            recorded = {key: step[key] for key in ("responses", "error") if key in step}
            ours = json.loads(json.dumps(caller.perform(request)))
            if ours != recorded:
                found.append(
                    f"step {number} {json.dumps(request)[:600]}\n"
                    f"  recorded: {json.dumps(recorded)[:1500]}\n"
                    f"  ours:     {json.dumps(ours)[:1500]}")
                if len(found) == limit:
                    break
    finally:
        caller.close()
    return found
