"""The rows of the table: what is sent, and with which client."""
import json
import resource
import struct
import subprocess

import processes

KEYS = 100_000
KEY_BYTES = 8
VALUE_BYTES = 256


class Row:
    """One kind of load by our own generator; the numbers are of one run of it."""

    def __init__(self, name, command, *options, seconds=1.0, spread=False):
        self.name, self.command, self.options = name, command, list(options)
        # Whether the connections go to all members in turn, or to the leader alone.
        self.spread = spread
        # Share of the time of a row that this one takes.
        self.share = seconds

    def run(self, server, seconds, directory):
        arguments = [*self.options, "--seconds", str(seconds * self.share)]
        endpoint = server.every_endpoint if self.spread else server.endpoint
        return generate(server, self.command, *arguments, endpoint=endpoint)


class H2loadRow(Row):
    """The same by h2load, so that our own client is not the only witness.

    Every request has the same body. Latencies are those of its log file.
    """

    def run(self, server, seconds, directory):
        body, log = directory / "body", directory / "h2load.log"
        message = self.options[0]
        body.write_bytes(struct.pack(">BI", 0, len(message)) + message)
        log.unlink(missing_ok=True)
        cpu = children_seconds()
        subprocess.run(
            ["h2load", "-c", "100", "-m", "10", "-t", "1", "-D", str(int(seconds) or 1),
             "-d", str(body), "--log-file", str(log), "-H", "content-type: application/grpc",
             "-H", "te: trailers", f"{server.url}/etcdserverpb.KV/{self.command}"],
            check=True, capture_output=True, timeout=seconds + 60)
        return {**read_h2load(log), "clientCPUSeconds": children_seconds() - cpu}


def children_seconds():
    """CPU time of the programs run and waited for so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_h2load(log):
    """h2load's log in the words of our generator's line."""
    latencies, first, last, errors = [], None, 0, 0
    for line in log.read_text().splitlines():
        began, status, taken = map(int, line.split("\t")[:3])
        first = began if first is None else min(first, began)
        last = max(last, began + taken)
        errors += status != 200
        latencies.append(taken)
    latencies.sort()
    count = len(latencies)
    return {
        "requests": count, "errors": errors, "firstError": "HTTP status" if errors else None,
        "seconds": (last - (first or 0)) / 1e6,
        "requestsPerSecond": count / max((last - (first or 0)) / 1e6, 1e-6),
        "p50": latencies[count // 2], "p99": latencies[min(count * 99 // 100, count - 1)],
    }


def generate(server, command, *arguments, endpoint=None):
    """One run of the load generator; its line of JSON."""
    result = subprocess.run(
        [processes.load_generator(), command, "--endpoint", endpoint or server.endpoint, *arguments],
        capture_output=True, text=True, timeout=1200)
    if result.returncode != 0:
        raise AssertionError(
            f"loadgenerator {command} {arguments}: {result.stdout}{result.stderr}\n"
            f"{server.tail()}")
    return json.loads(result.stdout)


def field(number, content):
    """A protobuf field of bytes."""
    length, size = b"", len(content)
    while size >= 128:
        length, size = length + bytes([size % 128 + 128]), size // 128
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


MANY = ["--connections", "100", "--streams", "10"]
KEY = b"0" * (KEY_BYTES - 1) + b"7"
PUT_BODY = field(1, KEY) + field(2, b"v" * VALUE_BYTES)

ROWS = [
    Row("put, 1 x 1", "put"),
    Row("put, 100 x 10", "put", *MANY, seconds=1.5),
    H2loadRow("put, 100 x 10, h2load", "Put", PUT_BODY),
    Row("txn, 100 x 10", "txn", *MANY),
    Row("range 1 key, 1 x 1", "range"),
    Row("range 1 key, 100 x 10", "range", *MANY, seconds=1.5),
    H2loadRow("range 1 key, 100 x 10, h2load", "Range", field(1, KEY)),
    Row("range 1 key serializable, 100 x 10", "range", *MANY, "--serializable"),
    Row("range 1,000 keys, 10 x 1", "range", "--connections", "10", "--range-size", "1000"),
    Row("watch, 1,000 watchers (events)", "watch", "--connections", "10", "--streams", "10",
        "--watchers", "1000"),
]

TRIO_ROWS = [
    Row("3 members: put, 1 x 1", "put"),
    Row("3 members: put, 3 x 1, spread", "put", "--connections", "3", spread=True),
    Row("3 members: put, 100 x 10", "put", *MANY, seconds=1.5),
    Row("3 members: put, 100 x 10, spread", "put", *MANY, seconds=1.5, spread=True),
    Row("3 members: range 1 key, 1 x 1", "range"),
    Row("3 members: range 1 key, 100 x 10", "range", *MANY),
    Row("3 members: range 1 key, 100 x 10, spread", "range", *MANY, spread=True),
    Row("3 members: range 1 key serializable, 100 x 10, spread", "range", *MANY, "--serializable",
        spread=True),
]
