"""Recorded calls: how they are written down, made, and compared.

A recording is a file of JSON lines. The first names the etcd that answered, the topic and the seed.
Each other line is a step: what was asked, and what came back. `record_answers.py` makes them from a
real etcd, `test_recorded.py` makes the same calls to ours.

Kept is what does not depend on the process: no ids of member and cluster, no sizes of files. Bytes
are Latin-1 text; a pattern that repeats is written once, a long list of pairs as its digest.
"""
import hashlib
import json
import time

import grpc

import api
import twin

rpc = api.rpc
REPEATED_BYTES_MIN = 64
LISTED_PAIRS_MAX = 4
# Ids that a server draws itself, and what the machine and the clock have a part in.
LEFT_OUT = {
    "ResponseHeader": {"cluster_id", "member_id"},
    "StatusResponse": {
        "leader", "raftIndex", "raftAppliedIndex", "dbSize", "dbSizeInUse"},
    "SnapshotResponse": {"remaining_bytes", "blob"},
}


def encode(message):
    """A message as JSON data; fields that are not set are left out."""
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


def decode(kind, data):
    """The message of a kind that `encode` wrote."""
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
            read = decode_bytes if field.type == field.TYPE_BYTES else lambda one: one
            if field.is_repeated:
                getattr(message, name).extend(read(one) for one in value)
            else:
                setattr(message, name, read(value))
    return message


class Caller:
    """Makes the calls of steps on one server."""

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
        """What comes back: `answers`, and `error` if the call ended with one."""
        if "fill" in step:
            return self.fill(**step["fill"])
        if step["call"] == "Watch.Watch":
            return self.watch(step)
        request = decode(api.request_type(step["call"]), step["request"])
        if "until" in step:
            return self.until(step, request)
        return self.answers(step["call"], request)

    def answers(self, name, request):
        found = []
        try:
            answer = self.call(name, request)
            for one in [answer] if hasattr(answer, "DESCRIPTOR") else answer:
                found.append(encode(one))
        except grpc.RpcError as error:
            return {"answers": found, "error": [error.code().name, error.details()]}
        # A snapshot's pieces have the size that suits the server; what is kept of them is equal.
        if name == "Maintenance.Snapshot":
            found = [one for place, one in enumerate(found) if one not in found[:place]]
        return {"answers": found}

    def until(self, step, request):
        """Asks until the answer has the wanted fields: what a server does in its own time."""
        end = time.monotonic() + self.UNTIL_SECONDS
        while True:
            result = self.answers(step["call"], request)
            reached = result["answers"] and all(
                result["answers"][0].get(name) == value for name, value in step["until"].items())
            if reached or time.monotonic() > end:
                return result
            time.sleep(0.1)

    def fill(self, prefix, count, size):
        """Puts numbered keys, a hundred in a transaction; big values one by one."""
        batch = 100 if size < 1000 else 1
        for start in range(0, count, batch):
            operations = [
                rpc.RequestOp(request_put=rpc.PutRequest(
                    key=f"{prefix}{number:04}".encode(), value=b"%c" % (97 + number % 26) * size))
                for number in range(start, min(start + batch, count))]
            answer = self.call("KV.Txn", rpc.TxnRequest(success=operations))
        return {"answers": [{"revision": answer.header.revision}]}

    def watch(self, step):
        """The events from a revision to the newest, or how the watcher is cancelled.

        In how many answers events come depends on timing, so they are kept in one list.
        """
        newest = self.call("KV.Put", rpc.PutRequest(key=b"watched", value=b"last")).header.revision
        self.stub("Watch")
        stream = twin.WatchStream(self)
        stream.send(create_request=decode(rpc.WatchCreateRequest, step["request"]))
        told = stream.take(lambda answer: answer.canceled or any(
            one.kv.mod_revision >= newest for one in answer.events))
        stream.close()
        if isinstance(told[-1], tuple):
            return {"answers": [], "error": list(told[-1])}
        if told[-1].canceled:
            return {"answers": [encode(told[-1])]}
        return {"answers": [{"events": [encode(one) for answer in told for one in answer.events]}]}


def read(path):
    """Heading and steps of a recording."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return lines[0], lines[1:]


def differences(member, steps, limit=5):
    """Makes the calls of a recording and describes the answers that are others than recorded."""
    caller = Caller(member)
    found = []
    try:
        for number, step in enumerate(steps):
            asked = {key: step[key] for key in step if key not in ("answers", "error")}
            told = {key: step[key] for key in ("answers", "error") if key in step}
            ours = json.loads(json.dumps(caller.perform(asked)))
            if ours != told:
                found.append(
                    f"step {number} {json.dumps(asked)[:600]}\n"
                    f"  recorded: {json.dumps(told)[:1500]}\n  ours:     {json.dumps(ours)[:1500]}")
                if len(found) == limit:
                    break
    finally:
        caller.close()
    return found
