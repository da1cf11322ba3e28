"""Replay of requests to the JSON gateway, recorded on a real etcd 3.7.1: `recorded/gateway`.

Each file is a topic: requests in order to one new server. The first line is the heading: the flags,
how many members start together (`members`, 1), the common name of the server's certificate if
clients use TLS (`tls`). Each other line is a step with its `id` and what it shows (`shows`):

- `request`: method, path, headers besides Host, Content-Length and `Content-Type: application/json`
  (null leaves one out), and the `body`, also as `body_parts`, `body_base64` or `chunks`; the HTTP
  `version`, the `host` (null for none), the client's `certificate`. `{{name}}` stands for what a
  step before it captured; CLIENT and PEER for ports, SELF for the ID of the member.
- `response`: status, headers (`cors` for the three of CORS), and the `body`; for a stream its
  `lines`, and whether it stays `open`; for a WebSocket its `frames`; `none` for no response.
  IDs of members and clusters, terms and sizes are left out, `*` stands for any value.
- `during`: requests after so many lines of the stream. `websocket`: frames that are sent.
- `capture`: names for fields of the response. `delay_seconds`: a wait before. `on`: the member.

`differences.jsonl` has the intended differences: `id`, or a pattern of several (`ids`), the
`reason`, what differs in our response (`ours`; null for what is absent), and the headers that it
lacks (`without`).
"""
import concurrent.futures
import fnmatch
import hashlib
import json
import re
import time

from acceptance import http_exchange, recorded
from acceptance.cluster import until
from acceptance.http_exchange import SECONDS, SILENCE_SECONDS_MAX, Connection, Lines, parsed
from acceptance.members import Member, our_etcd
from acceptance.secure import ClientTLS, server_flags

FOLDER = recorded.FOLDER / "gateway"
CORS = {
    "Access-Control-Allow-Headers": "accept, content-type, authorization",
    "Access-Control-Allow-Methods": "POST, GET, OPTIONS, PUT, DELETE",
}
# How a body is framed is up to the server.
LEFT_OUT = {"Date", "Content-Length", "Transfer-Encoding", "Trailer"}
HEADER_LEFT_OUT = {"cluster_id", "member_id", "raft_term"}
# A recorded pause between chunks of a request is no longer than this.
CHUNK_DELAY_SECONDS_MAX = 0.1
VARYING = {"dbSize", "dbSizeInUse", "raftIndex", "raftAppliedIndex", "raftTerm"}
CERTIFICATES = {"alice": "cli-alice", "nocn": "cli-nocn"}
SERVER_CERTIFICATES = {"root": "srv-root", "nocn": "srv-nocn"}


def topics():
    return sorted(path.stem for path in FOLDER.glob("*.jsonl") if path.stem != "differences")


def differences():
    return [json.loads(line)
            for line in (FOLDER / "differences.jsonl").read_text().splitlines()]


def expectation(step):
    """The recorded response with what differs on purpose."""
    expected = dict(step["response"])
    expected["headers"] = {
        http_exchange.canonical(name): value
        for name, value in expected.get("headers", {}).items()}
    for row in differences():
        if not fnmatch.fnmatch(step["id"], row.get("id") or row["ids"]):
            continue
        without = row.get("without", [])
        expected["headers"] = {
            name: value for name, value in expected["headers"].items()
            if not any(fnmatch.fnmatch(name, one) for one in without)}
        expected.update(row.get("ours", {}))
    return {name: value for name, value in expected.items() if value not in (None, {})}


class Cluster:
    """The member or members of a topic."""

    def __init__(self, directory, heading, certificates):
        self.directory, self.heading, self.certificates = directory, heading, certificates
        # etcd counts the size of the file, also of a new one.
        flags, tls = [*heading["flags"], "--quota-backend-rule=etcd"], None
        if "tls" in heading:
            authority = certificates.ca.path
            tls = ClientTLS(authority, certificates["cli-nocn"])
            certificate = certificates[SERVER_CERTIFICATES[heading["tls"]]]
            flags += server_flags(certificate, authority)
        self.members = [Member(our_etcd(), directory / f"n{number + 1}.etcd", *flags, tls=tls)
                        for number in range(2)]
        count = heading.get("members", 1)
        for number, member in enumerate(self.members):
            joins = number >= count
            names = self.members if joins else self.members[:count]
            cluster = ",".join(f"n{index + 1}=http://127.0.0.1:{one.peer_port}"
                               for index, one in enumerate(names))
            member.flags += [f"--name=n{number + 1}", f"--initial-cluster={cluster}",
                             *(["--initial-cluster-state=existing"] if joins else [])]
        self.started = self.members[:count]

    def start(self):
        for member in self.started:
            member.start(wait=False)
        for member in self.started:
            member.wait_ready()
            until(lambda: '"3.7.0"' in member.get("/version")[1]
                  and "unknown" not in member.get("/version")[1], what="a cluster version")
        return self

    def member(self, name):
        """A member, started as a learner at its first use."""
        member = self.members[int(name[1:]) - 1 if name else 0]
        if member not in self.started:
            member.start(wait=False)
            self.started.append(member)
            until(lambda: has_data(member), what="a learner with the data")
        return member

    def tls(self, certificate):
        if not certificate:
            return None
        return ClientTLS(self.certificates.ca.path, self.certificates[CERTIFICATES[certificate]])

    def close(self):
        for member in self.started:
            if member.process:
                member.resume()
                member.close()


def has_data(member):
    """Whether a member that starts has received the data of the cluster."""
    try:
        body = http_exchange.post(member, "/v3/kv/range", '{"key":"YQ==","serializable":true}')[1]
    except OSError:
        return False
    return "count" in body


class Replay:
    """Makes the requests of a topic."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.captured = {}
        first = cluster.members[0]
        status = http_exchange.post(first, "/v3/maintenance/status", "{}", first.tls)[1]
        # Without the gateway there is no response that could name it.
        self.own_id = status["header"]["member_id"] if isinstance(status, dict) else None

    # Texts

    def resolved(self, text):
        """A text of a request with ports and values of earlier steps."""
        for name, value in self.captured.items():
            text = text.replace("{{%s}}" % name, str(value))
        first, second = self.cluster.members
        return (text.replace("127.0.0.1:CLIENT2", second.endpoint)
                .replace("127.0.0.1:PEER2", f"127.0.0.1:{second.peer_port}")
                .replace("127.0.0.1:CLIENT", first.endpoint)
                .replace("127.0.0.1:PEER", f"127.0.0.1:{first.peer_port}")
                .replace("SELF", self.own_id or "SELF"))

    def described(self, text):
        """A text of a response as it is recorded."""
        first, second = self.cluster.members
        for real, name in [(first.endpoint, "CLIENT"), (f"127.0.0.1:{first.peer_port}", "PEER"),
                           (second.endpoint, "CLIENT2"),
                           (f"127.0.0.1:{second.peer_port}", "PEER2")]:
            text = text.replace(real, f"127.0.0.1:{name}")
        if self.own_id:
            text = text.replace(self.own_id, "SELF")
        return reduced(parsed(text))

    # Steps

    def perform(self, step):
        """Performs a step; returns our response."""
        time.sleep(step.get("delay_seconds", 0))
        member = self.cluster.member(step.get("on"))
        connection = Connection(
            member.client_port, self.cluster.tls(step["request"].get("certificate")))
        try:
            self.send(connection, member, step["request"])
            return self.receive(connection, member, step)
        finally:
            connection.close()

    def send(self, connection, member, request):
        headers = {"Content-Type": "application/json", **request.get("headers", {})}
        listed = [(name, self.resolved(value)) for name, value in headers.items()
                  if value is not None]
        host = request.get("host", member.endpoint)
        if host is not None:
            listed.insert(0, ("Host", self.resolved(host)))
        body = self.body(request)
        if "chunks" in request:
            listed.append(("Transfer-Encoding", "chunked"))
        elif body is not None:
            listed.append(("Content-Length", len(body)))
        connection.send_head(request["method"], self.resolved(request["path"]), listed,
                             request.get("version", "HTTP/1.1"))
        for chunk in request.get("chunks", []):
            time.sleep(min(chunk.get("delay_s", 0), CHUNK_DELAY_SECONDS_MAX))
            if "data" in chunk:
                connection.send_chunk(chunk["data"].encode())
            if chunk.get("end"):
                connection.send(b"0\r\n\r\n")
        if body:
            try:
                connection.send(body)
            except OSError:
                pass  # Refused before its end.

    def body(self, request):
        if "body_parts" in request:
            parts = request["body_parts"]
            suffix = parts["suffix"]
            if isinstance(suffix, dict):
                suffix = suffix["repeat"] * suffix["times"] + suffix["then"]
            return (parts["prefix"] + parts["repeat"] * parts["count"] + suffix).encode()
        if "body_base64" in request:
            return http_exchange.decoded(request["body_base64"])
        return self.resolved(request["body"]).encode() if "body" in request else None

    def receive(self, connection, member, step):
        expected = step["response"]
        seconds = SILENCE_SECONDS_MAX if "none" in expected else SECONDS
        head = connection.head(seconds)
        found = {}
        if head and head[0] == 100:
            found["interim"] = "HTTP/1.1 100 Continue"
            head = connection.head(seconds)
        if head is None:
            return {"none": "closed" if connection.is_closed else "silence"}
        status, headers = head
        found.update({"status": status, "headers": self.headers(headers)})
        if status == 101:
            found["frames"] = self.frames(connection, member, step)
            return {**found, **({} if connection.is_closed else {"open": True})}
        if "lines" in expected and headers.get("Transfer-Encoding") == "chunked":
            return {**found, **self.stream(connection, member, step)}
        has_body = step["request"]["method"] != "HEAD"
        body, trailers = connection.body(headers, has_body)
        if trailers:
            found["trailers"] = trailers
        if "snapshot" in expected:
            found["snapshot"] = is_snapshot(body.decode())
        elif body:
            found["body"] = self.described(body.decode())
            self.capture(step, parsed(body.decode()))
        if "closes" in expected:
            connection.fill(SECONDS)
            found["closes"] = connection.is_closed
        return found

    def capture(self, step, body):
        for name, path in step.get("capture", {}).items():
            value = body
            for part in path.split("."):
                value = value[int(part)] if part.isdigit() else value[part]
            self.captured[name] = value

    @staticmethod
    def headers(headers):
        found = {name: value for name, value in headers.items() if name not in LEFT_OUT}
        if all(found.get(name) == value for name, value in CORS.items()):
            found = {name: value for name, value in found.items() if name not in CORS}
            found["Cors"] = found.pop("Access-Control-Allow-Origin", None)
        return found

    def stream(self, connection, member, step):
        """The lines of a stream, and whether it stays open."""
        lines, found = Lines(connection), []
        expected = step["response"]
        waiting = list(step.get("during", []))
        while True:
            while waiting and waiting[0]["after"] <= len(found):
                self.meanwhile(member, waiting.pop(0), step["request"])
            is_complete = len(found) >= len(expected["lines"])
            line = lines.next(SILENCE_SECONDS_MAX if is_complete else SECONDS)
            if line is None:
                break
            found.append(shortened(self.described(line)))
        return {"lines": found, **({} if lines.has_ended else {"open": True})}

    def meanwhile(self, member, call, request):
        tls = self.cluster.tls(request.get("certificate"))
        status, body = http_exchange.post(member, call["path"], self.resolved(call["body"]), tls)
        assert status == call["status"], (call, status, body)

    def frames(self, connection, member, step):
        """The frames of a WebSocket; sends those of the step in between."""
        found, waiting = [], list(step["websocket"])
        expected = step["response"]["frames"]
        while True:
            while waiting and waiting[0].get("after_received", 0) <= len(found):
                self.send_frame(connection, member, waiting.pop(0))
            is_complete = len(found) >= len(expected)
            frame = connection.frame(SILENCE_SECONDS_MAX if is_complete else SECONDS)
            if frame is None:
                return found
            opcode, payload = frame
            found.append({"close": int.from_bytes(payload[:2], "big")} if opcode == 8
                         else {"text": self.described(payload.decode())})

    def send_frame(self, connection, member, part):
        if "http" in part:
            call = part["http"]
            http_exchange.post(member, call["path"], call["request_body"])
        elif "close" in part:
            connection.send_frame(8, part["close"].to_bytes(2, "big"))
        else:
            connection.send_frame(2 if part.get("binary") else 1, part["text"].encode())


# Comparison

def reduced(value):
    """JSON data without what differs between two runs of one server."""
    if isinstance(value, dict):
        found = {}
        for name, one in value.items():
            if name == "header" and isinstance(one, dict):
                one = {key: part for key, part in one.items() if key not in HEADER_LEFT_OUT}
            found[name] = "*" if name in VARYING else reduced(one)
        if isinstance(found.get("members"), list):
            # In the order of their IDs.
            found["members"].sort(key=lambda member: str(member.get("peerURLs")))
        return found
    if isinstance(value, list):
        return [reduced(one) for one in value]
    return re.sub("  +", " ", value) if isinstance(value, str) else value


def shortened(value):
    """JSON data with a long repetition of one character in short."""
    if isinstance(value, dict):
        return {name: shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if isinstance(value, str) and len(value) > 1000 and value == value[0] * len(value):
        return {"repeat": value[0], "times": len(value)}
    return value


def is_snapshot(text):
    """Whether the lines are a database in pieces, and its SHA-256."""
    results = [json.loads(line)["result"] for line in text.splitlines()]
    blobs = [http_exchange.decoded(one["blob"]) for one in results]
    left = [int(one.get("remaining_bytes", 0)) for one in results]
    total = sum(map(len, blobs[:-1]))
    rest = [total - sum(map(len, blobs[:number + 1])) for number in range(len(blobs) - 1)] + [0]
    return blobs[-1] == hashlib.sha256(b"".join(blobs[:-1])).digest() and left == rest


def matches(expected, found):
    """Whether data is as recorded, where `*` stands for any value."""
    if expected == "*":
        return True
    if isinstance(expected, dict) and isinstance(found, dict):
        names = {**expected, **found}
        return all((name in found or expected.get(name) == "*") and name in expected
                   and matches(expected[name], found.get(name)) for name in names)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(matches, expected, found))
    if isinstance(expected, str) and isinstance(found, str):
        return re.sub("  +", " ", expected) == found
    return expected == found


def compare(step, found):
    """Describes how a response differs from the recording; None if it does not."""
    expected = expectation(step)
    found = {name: value for name, value in found.items() if value != {}}
    if matches(expected, found):
        return None
    return (f"{step['id']} ({step['shows']}) {json.dumps(step['request'])[:400]}\n"
            f"  recorded: {json.dumps(expected)[:1500]}\n"
            f"  ours:     {json.dumps(found)[:1500]}")


def replay(topic, directory, certificates, limit=20):
    """Makes the requests of a topic and describes the responses that differ."""
    heading, steps = recorded.read(FOLDER / f"{topic}.jsonl")
    cluster = Cluster(directory, heading, certificates)
    found = []
    try:
        replayed = Replay(cluster.start())
        if heading.get("members", 1) > 1:
            return without_quorum(replayed, steps)
        for step in steps:
            found.append(compare(step, replayed.perform(step)))
            if len([one for one in found if one]) >= limit:
                break
    finally:
        cluster.close()
    return [one for one in found if one]


def without_quorum(replayed, steps):
    """One step with both members, the others at once while the second is stopped."""
    found = [compare(steps[0], replayed.perform(steps[0]))]
    first, second = replayed.cluster.members
    second.freeze()
    until(lambda: first.get("/health")[0] == 503 and "NO LEADER" in first.get("/health")[1],
          what="a member without a leader")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found += pool.map(lambda step: compare(step, replayed.perform(step)), steps[1:])
    return [one for one in found if one]
