"""Histories of calls by concurrent clients, and the check whether they are linearizable.

Each client calls one member at a time, each call with a deadline. A write without a response may
take effect at any later time: it stays in the history without a response (indeterminate). Times
are of the monotonic clock, taken before the request is sent and after the response is received.
Sources/Tools/linearizable/HistoryLine.swift describes the format of a line.
"""
import collections
import json
import os
import pathlib
import random
import subprocess
import threading
import time

import grpc

from acceptance import api
from acceptance.members import ROOT

rpc = api.rpc
KEYS = [f"k{number}" for number in range(8)]
ALL = ["k", "l"]

# Messages of failures that imply that the request was not sent.
NEVER_SENT = ("failed to connect to all addresses", "Failed to connect", "Connection refused")


class History:
    """The calls of all clients, written to a file when they end."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "w")
        self.lock = threading.Lock()
        self.completed = self.indeterminate = 0

    def record(self, client, called, operation, returned=None, revision=None, result=None):
        line = {"client": client, "called": called, "operation": operation}
        if result is not None:
            line |= {"returned": returned, "revision": revision, "result": result}
        with self.lock:
            if self.file.closed:
                return  # the test has failed already
            self.completed += result is not None
            self.indeterminate += result is None
            self.file.write(json.dumps(line) + "\n")

    def close(self):
        with self.lock:
            self.file.close()

    def check(self, seconds=300):
        """Exit status and output of the checker: 0 linearizable, 1 not, 2 undecided."""
        self.file.flush()
        try:
            result = subprocess.run(
                [checker(), str(self.path)], capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return 2, f"undecided after {seconds} s"
        return result.returncode, result.stdout + result.stderr


def checker():
    """Path of the tool that checks histories: next to $ETCD_BINARY, else of the debug build."""
    beside = pathlib.Path(os.environ.get("ETCD_BINARY", "")).parent / "linearizable"
    return str(beside if beside.is_file() else ROOT / ".build/debug/linearizable")


# Conversion of operations and results between history lines and protobuf messages

def request(operation):
    """The RequestOp of an operation."""
    (kind, content), = operation.items()
    if kind == "put":
        return rpc.RequestOp(request_put=rpc.PutRequest(
            key=content[0].encode(), value=content[1].encode()))
    if kind == "delete":
        return rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=content.encode()))
    if kind == "range":
        end = content[1].encode() if len(content) == 2 else b""
        return rpc.RequestOp(request_range=rpc.RangeRequest(
            key=content[0].encode(), range_end=end))
    return rpc.RequestOp(request_txn=rpc.TxnRequest(
        compare=[comparison(one) for one in content["compare"]],
        success=[request(one) for one in content["success"]],
        failure=[request(one) for one in content["failure"]]))


def comparison(form):
    relation = {"=": 0, ">": 1, "<": 2, "!=": 3}[form["relation"]]
    key = form["key"].encode()
    if "version" in form:
        return rpc.Compare(key=key, result=relation, target="VERSION", version=form["version"])
    if "modified" in form:
        return rpc.Compare(
            key=key, result=relation, target="MOD", mod_revision=form["modified"])
    if "created" in form:
        return rpc.Compare(
            key=key, result=relation, target="CREATE", create_revision=form["created"])
    return rpc.Compare(key=key, result=relation, target="VALUE", value=form["value"].encode())


def result(response):
    """The result of a response, as in a history line."""
    if isinstance(response, rpc.ResponseOp):
        return result(getattr(response, response.WhichOneof("response")))
    if isinstance(response, rpc.PutResponse):
        return {"put": True}
    if isinstance(response, rpc.DeleteRangeResponse):
        return {"deleted": response.deleted}
    if isinstance(response, rpc.RangeResponse):
        return {"range": [
            {"key": one.key.decode(), "value": one.value.decode(),
             "created": one.create_revision, "modified": one.mod_revision,
             "version": one.version} for one in response.kvs]}
    return {"transaction": {
        "succeeded": response.succeeded, "results": [result(one) for one in response.responses]}}


def is_read(operation):
    return "range" in operation


def call(stub, operation, seconds):
    """Performs an operation with the method of its kind."""
    one = request(operation)
    kind = one.WhichOneof("request")
    method = {"request_put": stub.Put, "request_delete_range": stub.DeleteRange,
              "request_range": stub.Range, "request_txn": stub.Txn}[kind]
    return method(getattr(one, kind), timeout=seconds)


class Client(threading.Thread):
    """Random operations on a few keys shared by all clients, mostly on one member."""

    def __init__(self, number, history, members, random_source, pause=0.01):
        super().__init__(daemon=True)
        self.number, self.history, self.random = number, history, random_source
        self.members, self.pause = members, pause
        self.stopping = threading.Event()
        self.count = 0
        self.newest = {}
        self.failure = None

    def run(self):
        try:
            while not self.stopping.is_set():
                succeeded = self.step()
                time.sleep(self.random.uniform(0, 2 * self.pause) if succeeded else 0.1)
        except BaseException as failure:
            self.failure = failure
            raise

    def step(self):
        members = self.members()
        member = members[self.number % len(members)]
        if self.random.random() < 0.1:
            member = self.random.choice(members)
        return self.perform(member, self.operation(), self.random.uniform(0.5, 4))

    def perform(self, member, operation, seconds):
        """Performs and records one call; returns whether it succeeded."""
        called = time.monotonic_ns()
        try:
            response = call(member.stub("KV"), operation, seconds)
        except (grpc.RpcError, ValueError) as error:
            # A closed channel raises ValueError before the request is sent.
            sent = isinstance(error, grpc.RpcError) and not any(
                text in (error.details() or "") for text in NEVER_SENT)
            if sent and not is_read(operation):
                self.history.record(self.number, called, operation)
            return False
        self.history.record(self.number, called, operation, time.monotonic_ns(),
                            response.header.revision, result(response))
        self.learn(response)
        return True

    def learn(self, response):
        """Remembers revisions of keys for comparisons that can succeed."""
        for one in getattr(response, "kvs", ()):
            self.newest[one.key.decode()] = one.mod_revision

    def operation(self):
        draw = self.random.random()
        key = self.random.choice(KEYS)
        if draw < 0.35:
            return {"put": [key, self.value()]}
        if draw < 0.45:
            return {"delete": key}
        if draw < 0.6:
            return self.transaction(key)
        if draw < 0.7:
            return {"range": ALL}
        return {"range": [key]}

    def value(self):
        self.count += 1
        return f"{self.number}-{self.count}"

    def transaction(self, key):
        other = self.random.choice([one for one in KEYS if one != key])
        comparison = self.random.choice([
            {"key": key, "relation": "=", "modified": self.newest.get(key, 0)},
            {"key": key, "relation": self.random.choice("<>="), "version": 2},
            {"key": key, "relation": "!=", "value": "none"},
            {"key": key, "relation": "=", "created": 0}])
        success = [{"put": [key, self.value()]}, {"range": [other]}]
        if self.random.random() < 0.4:
            success.append({"put": [other, self.value()]})
        return {"transaction": {
            "compare": [comparison], "success": success,
            "failure": self.random.choice([
                [{"range": [key]}], [{"delete": other}, {"range": ALL}], []])}}


def start_clients(count, history, members, seed, pause=0.01):
    """Starts clients; `members()` returns the members that they call."""
    clients = [Client(number, history, members, random.Random(f"{seed}/{number}"), pause)
               for number in range(count)]
    for one in clients:
        one.start()
    return clients


def fill(member, history, count, outstanding=100):
    """Recorded puts on keys of their own, up to `outstanding` in flight."""
    kv = member.stub("KV")
    in_flight = collections.deque()

    def take():
        called, operation, future = in_flight.popleft()
        response = future.result()
        history.record(3000, called, operation, time.monotonic_ns(), response.header.revision,
                       result(response))
    for number in range(count):
        operation = {"put": [f"fill/{number % 100}", str(number)]}
        in_flight.append((time.monotonic_ns(), operation, kv.Put.future(
            request(operation).request_put, timeout=60)))
        if len(in_flight) > outstanding:
            take()
    while in_flight:
        take()


def stop_clients(clients, seconds=60):
    for one in clients:
        one.stopping.set()
    for one in clients:
        one.join(seconds)
        assert not one.is_alive(), "a client does not stop"
        assert one.failure is None, f"a client failed: {one.failure!r}"
