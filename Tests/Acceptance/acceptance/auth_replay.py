"""Replay of calls with identities, recorded on a real etcd 3.7.1: `recorded/auth`.

Each file is a topic: calls in order on one new server. The first line is the heading: the flags,
how many members (`members`, 1), whether clients use TLS (`tls`), the lines that the start logs
(`log`). Each other line is a step with its `id` and what it shows (`shows`):

- `call`, `request`: as in recorded.py. `raw` is the request as bytes. `{{name}}` stands for what a
  step before it captured, CLIENT and PEER for the addresses of the member.
- `as`: who calls; nobody if absent. `user:NAME` has the token of a login of that name, `token:T`
  and `authorization:T` this text as that metadata, `both:T|A` both, `cert:CN` a client certificate,
  `cert:CN+X` also the metadata of X, `jwt` the token that the step describes.
- `response`, or `error` as code and message. `varies` names the fields that no two runs share.
- `auth_revision`: the auth revision after a call to service Auth. `capture`: names for fields of
  the response.
- `steps`, for streams: send, receive (`recv` responses), end the requests, other calls, waits.
- `restart`: the member is restarted before the step. `on`: the member, if there are several.

`differences.jsonl` has the steps with an intended difference: id, reason, and our response.
An `auth_revision` there moves those of the later steps too.
"""
import json
import queue
import threading
import time

import grpc

from acceptance import api, recorded, users
from acceptance.cluster import until
from acceptance.members import Member, our_etcd
from acceptance.secure import ClientTLS, server_flags

rpc = api.rpc
FOLDER = recorded.FOLDER / "auth"
CLIENT_STREAMS = ("Watch.Watch", "Lease.LeaseKeepAlive")
# Silence that a recording shows is waited for no longer than this.
SILENCE_SECONDS_MAX = 0.3
SECONDS = 60
# How far the expiry of a token may be from the recorded one.
EXPIRY_TOLERANCE_SECONDS = 3
# Certificates of clients by their common names; `nocn` has none.
CERTIFICATES = {"root": "cli", "alice": "cli-alice", "ghost": "cli-nobody", "nocn": "cli-nocn"}


def topics():
    return sorted(path.stem for path in FOLDER.glob("*.jsonl")
                  if path.stem not in ("differences", "starts"))


def differences():
    """The intended differences by the id of their step."""
    lines = (FOLDER / "differences.jsonl").read_text().splitlines()
    return {one["id"]: one for one in map(json.loads, lines)}


class Server:
    """The members that a topic is replayed on."""

    def __init__(self, directory, heading, certificates, binary=None):
        self.heading, self.certificates = heading, certificates
        self.keys = users.SigningKeys(directory)
        self.keys.make(heading["flags"])
        tls, flags = None, list(heading["flags"])
        if heading.get("tls"):
            tls = ClientTLS(certificates.ca.path, certificates["cli-nocn"])
            flags += server_flags(certificates["srv-nocn"], certificates.ca.path)
        self.members = [
            Member(binary or our_etcd(), directory / f"n{number + 1}.etcd", *flags, tls=tls)
            for number in range(heading.get("members", 1))]
        cluster = ",".join(f"n{number + 1}=http://127.0.0.1:{one.peer_port}"
                           for number, one in enumerate(self.members))
        for number, one in enumerate(self.members):
            one.flags += [f"--name=n{number + 1}", f"--initial-cluster={cluster}"]
        self.channels = {}

    def start(self):
        for one in self.members:
            one.start(wait=False)
        for one in self.members:
            one.wait_ready()
            until(lambda: "not_decided" not in one.get("/version")[1], what="a cluster version")
        return self

    def restart(self):
        for one in self.members:
            one.stop()
        for channel in self.channels.values():
            channel.close()
        self.channels = {}
        self.start()

    def close(self):
        for channel in self.channels.values():
            channel.close()
        for one in self.members:
            one.close()

    def member(self, name):
        return self.members[int(name[1:]) - 1 if name else 0]

    def channel(self, member, common_name=None):
        key = (member.client_port, common_name)
        if key not in self.channels:
            if member.tls:
                certificate = self.certificates[CERTIFICATES[common_name or "nocn"]]
                tls = ClientTLS(self.certificates.ca.path, certificate)
                self.channels[key] = api.connect(member.endpoint, tls.credentials())
            else:
                self.channels[key] = api.connect(member.endpoint)
        return self.channels[key]


class Stream:
    """A stream of one step; what it receives is queued in order."""

    def __init__(self, method, is_client_stream):
        self.method, self.is_client_stream = method, is_client_stream
        self.requests, self.received = queue.Queue(), queue.Queue()
        self.call = None

    def send(self, request, metadata):
        if self.call is None:
            argument = iter(self.requests.get, None) if self.is_client_stream else request
            self.call = self.method(argument, metadata=metadata)
            threading.Thread(target=self._read, daemon=True).start()
        if self.is_client_stream:
            self.requests.put(request)

    def _read(self):
        try:
            for response in self.call:
                self.received.put(response)
            self.received.put(["OK", ""])
        except grpc.RpcError as error:
            self.received.put([error.code().name, error.details()])

    def take(self, seconds):
        """The next response, the status at the end, or None after this time."""
        try:
            return self.received.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self):
        self.requests.put(None)
        if self.call:
            self.call.cancel()


class Replay:
    """Makes the calls of a topic."""

    def __init__(self, server):
        self.server = server
        self.tokens, self.captured = {}, {}

    # Requests

    def perform(self, step):
        """Performs a step; returns what the server responded."""
        if step.get("restart"):
            self.server.restart()
        time.sleep(step.get("delay_seconds", 0))
        member = self.server.member(step.get("on"))
        if "steps" in step:
            found = self.stream(step, member)
        else:
            found = self.unary(step, member)
        if step["call"].startswith("Auth.") and "auth_revision" in step:
            found["auth_revision"] = self.auth_revision(member)
        return found

    def auth_revision(self, member):
        """The auth revision, for which nobody needs an identity."""
        auth = api.stub(self.server.channel(member), "Auth")
        try:
            return auth.AuthStatus(rpc.AuthStatusRequest(), timeout=SECONDS).authRevision
        except grpc.RpcError as error:
            return error_of(error)

    def caller(self, member, identity, step):
        """The channel and the metadata of a caller."""
        kind, _, value = (identity or "none").partition(":")
        if kind == "cert":
            name, _, other = value.partition("+")
            return (self.server.channel(member, name),
                    self.caller(member, other, step)[1] if other else None)
        value = self.resolved(value)
        channel = self.server.channel(member)
        if kind == "none":
            return channel, None
        if kind == "user":
            return channel, users.metadata(self.tokens[value])
        if kind == "jwt":
            return channel, (("token", self.signed(step["jwt"])),)
        if kind == "both":
            token, _, authorization = value.partition("|")
            return channel, (("token", token), ("authorization", authorization))
        return channel, ((kind, value),)

    def signed(self, jwt):
        if "raw" in jwt:
            return jwt["raw"]
        algorithm, name = jwt["signed_with"].split()
        return self.server.keys.sign(jwt["header"], jwt["claims"], algorithm, name)

    def resolved(self, text):
        """A text with the values of earlier steps in place of their names."""
        for name, token in self.tokens.items():
            text = text.replace("{{token of %s}}" % name, token)
        for name, value in self.captured.items():
            text = text.replace("{{%s}}" % name, str(value))
        return text

    def request(self, call, data, member):
        """The request of a step, and of the calls in a stream."""
        def replace(value):
            if isinstance(value, dict):
                return {key: replace(one) for key, one in value.items()}
            if isinstance(value, list):
                return [replace(one) for one in value]
            if isinstance(value, str):
                if value.startswith("{{") and value[2:-2] in self.captured:
                    return self.captured[value[2:-2]]
                return (value.replace("127.0.0.1:CLIENT", member.endpoint)
                        .replace("127.0.0.1:PEER", f"127.0.0.1:{member.peer_port}"))
            return value
        return recorded.decode(api.request_type(call), replace(data))

    def encoded(self, message, member):
        """A response as it is recorded."""
        data = json.loads(json.dumps(recorded.encode(message)))
        if "keys" in data:
            # Of a lease: etcd lists them in any order.
            data["keys"].sort()
        for one in data.get("members", []) + data.get("alarms", []):
            one.pop("ID", None)
            one.pop("memberID", None)

        def replace(value):
            if isinstance(value, dict):
                return {key: replace(one) for key, one in value.items()}
            if isinstance(value, list):
                return [replace(one) for one in value]
            if isinstance(value, str):
                return (value.replace(member.endpoint, "127.0.0.1:CLIENT")
                        .replace(f"127.0.0.1:{member.peer_port}", "127.0.0.1:PEER"))
            return value
        return replace(data)

    # Calls

    def unary(self, step, member):
        channel, metadata = self.caller(member, step.get("as"), step)
        service, method = step["call"].split(".")
        seconds = step.get("deadline_ms", SECONDS * 1000) / 1000
        began = time.time()
        try:
            if "raw" in step:
                message = self.raw(channel, step, metadata)
            else:
                request = self.request(step["call"], step["request"], member)
                message = getattr(api.stub(channel, service), method)(
                    request, metadata=metadata, timeout=seconds)
        except grpc.RpcError as error:
            return {"error": error_of(error)}
        response = self.encoded(message, member)
        for name, path in step.get("capture", {}).items():
            self.capture(name, path, message, response)
        if "token" in response:
            response["token"] = users.described(response["token"], began)
        return {"response": response}

    def capture(self, name, path, message, response):
        value = response
        for part in path.split("."):
            value = value[part]
        if name.startswith("token of "):
            self.tokens[name.removeprefix("token of ")] = message.token
        else:
            self.captured[name] = value

    @staticmethod
    def raw(channel, step, metadata):
        """A request as bytes: the generated classes refuse to make invalid ones."""
        descriptor = api.method_descriptor(step["call"])
        path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
        response = descriptor.output_type._concrete_class
        call = channel.unary_unary(path, lambda data: data, response.FromString)
        return call(step["raw"].encode("latin-1"), metadata=metadata, timeout=SECONDS)

    def stream(self, step, member):
        channel, metadata = self.caller(member, step.get("as"), step)
        service, method = step["call"].split(".")
        stream = Stream(getattr(api.stub(channel, service), method),
                        step["call"] in CLIENT_STREAMS)
        found = []
        try:
            for part in step["steps"]:
                found.append(self.stream_part(part, step, stream, metadata, member))
        finally:
            stream.close()
        return {"steps": found}

    def stream_part(self, part, step, stream, metadata, member):
        if "send" in part:
            stream.send(self.request(step["call"], part["send"], member), metadata)
        elif "close" in part:
            stream.requests.put(None)
        elif "sleep_seconds" in part:
            time.sleep(part["sleep_seconds"])
        elif "do" in part:
            return {"do": {**part["do"], **self.meanwhile(part["do"], member)}}
        else:
            return {"recv": [self.received(stream, one, step, member) for one in part["recv"]]}
        return part

    def meanwhile(self, call, member):
        """Another call while the stream is open: its error, or nothing."""
        capture = {f"token of {call['token']}": "token"} if "token" in call else {}
        found = self.unary({"request": {}, **call, "capture": capture}, member)
        return {"error": found["error"]} if "error" in found else {}

    def received(self, stream, expected, step, member):
        if expected == "nothing":
            message = stream.take(SILENCE_SECONDS_MAX)
        else:
            message = stream.take(SECONDS)
        if message is None:
            return "nothing"
        if isinstance(message, list):
            return {"end": message}
        return without(self.encoded(message, member), step.get("varies", ()))


def error_of(error):
    # The text of a deadline is the client's.
    if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        return [error.code().name, "context deadline exceeded"]
    return [error.code().name, error.details()]


def without(data, fields):
    """The data without fields that vary, at any depth."""
    if isinstance(data, dict):
        return {key: without(value, fields) for key, value in data.items() if key not in fields}
    return [without(one, fields) for one in data] if isinstance(data, list) else data


def result(step, names=("response", "error", "steps", "auth_revision")):
    return {name: without(step[name], step.get("varies", ())) for name in names if name in step}


def is_equal(found, expected):
    """Whether two results are equal; the expiry of a token may differ by seconds."""
    tokens = [one.get("response", {}).get("token") for one in (found, expected)]
    if all(isinstance(one, dict) for one in tokens):
        if abs(tokens[0]["seconds"] - tokens[1]["seconds"]) > EXPIRY_TOLERANCE_SECONDS:
            return False
        found = json.loads(json.dumps(found))
        found["response"]["token"]["seconds"] = tokens[1]["seconds"]
    return found == expected


def replay(topic, directory, certificates, binary=None, limit=20):
    """Replays a topic; returns the differences that are not intended, as texts.

    The expected responses are those of the recording, or of its row in differences.jsonl.
    """
    heading, steps = recorded.read(FOLDER / f"{topic}.jsonl")
    intended = differences()
    server = Server(directory, heading, certificates, binary)
    found, revision, offset = [], None, 0
    try:
        server.start()
        found += missing_lines(server.members[0], heading.get("log", ()))
        replaying = Replay(server)
        for step in steps:
            revision = step.get("auth_revision", revision)
            if step["call"].startswith("Auth."):
                step["auth_revision"] = revision
            actual = result(replaying.perform(step) | {"varies": step.get("varies", ())})
            expected = {**step, **intended.get(step["id"], {})}
            if step["id"] in intended and "error" in intended[step["id"]]:
                expected.pop("response", None)
            if "auth_revision" in intended.get(step["id"], {}):
                offset = expected["auth_revision"] - revision
            elif "auth_revision" in expected:
                expected["auth_revision"] += offset
                if "authRevision" in expected.get("response", {}):
                    expected["response"]["authRevision"] += offset
            expected = result(expected)
            if not is_equal(actual, expected):
                found.append(f"{topic} {step['id']} {json.dumps(step)[:700]}\n"
                             f"  expected: {json.dumps(expected)[:1500]}\n"
                             f"  ours:     {json.dumps(actual)[:1500]}")
                if len(found) == limit:
                    break
    finally:
        server.close()
    return found


def missing_lines(member, expected):
    """The expected lines that the member has not logged, in this order."""
    lines = iter(member.log_lines())
    return [f"no line {one}" for one in expected
            if not any(all(line.get(name) == value for name, value in one.items())
                       for line in lines)]


def starts(directory, binary=None):
    """Starts a member with the flags of each line of `starts.jsonl`; returns the differences."""
    keys = users.SigningKeys(directory)
    intended = differences()
    found = []
    for line in (FOLDER / "starts.jsonl").read_text().splitlines():
        start = {**json.loads(line)}
        start |= intended.get(start["id"], {})
        keys.make(start["flags"])
        member = Member(binary or our_etcd(), directory / f"{start['id']}.etcd", *start["flags"])
        try:
            found += [f"{start['id']} {start['flags']}: {one}" for one in _start(member, start)]
        finally:
            member.close()
    return found


def _start(member, start):
    if start.get("exit") is None:
        member.start()
        return missing_lines(member, start.get("log", ()))
    member.start(wait=False)
    status = member.process.wait(30)
    found = [] if status == start["exit"] else [f"exit {status} instead of {start['exit']}"]
    if "text" in start:
        text = member.log_path.read_text()
        found += [f"no text {one!r} in {text[:300]!r}" for one in start["text"] if one not in text]
    return found + missing_lines(member, start.get("log", ()))
