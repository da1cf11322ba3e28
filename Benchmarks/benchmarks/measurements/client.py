"""The clients: our load generator, and h2load for comparison."""
import contextlib
import json
import os
import pathlib
import resource
import struct
import subprocess
import tempfile

from acceptance import request_costs
from benchmarks.measurements import processes

def generate(server, command, *arguments, endpoint=None):
    """Runs the load generator; returns its JSON result."""
    result = subprocess.run(
        command_line(
            command, endpoint or server.endpoint, [*server.client_flags, *arguments]),
        capture_output=True, text=True, timeout=1200)
    if result.returncode != 0:
        raise AssertionError(
            f"loadgenerator {command} {arguments}: {result.stdout}{result.stderr}\n"
            f"{server.tail()}")
    return json.loads(result.stdout)


def allocations(server, command, *arguments, few=2_000, many=10_000):
    """Heap allocations of the load generator for each request, counted and not timed."""
    with tempfile.TemporaryDirectory(prefix="allocations-") as directory:
        library = request_costs.compiled_library(directory)
        counted = []
        for total in (few, many):
            counters = pathlib.Path(directory) / str(total)
            result = subprocess.run(
                command_line(command, server.endpoint,
                             [*server.client_flags, *arguments, "--total", total]),
                capture_output=True, text=True, timeout=1200,
                env={**os.environ, "LD_PRELOAD": str(library), "REQUEST_COSTS": str(counters)})
            assert result.returncode == 0, result.stdout + result.stderr
            counts = request_costs.read_counters(counters)
            counted.append(sum(counts[name] for name in request_costs.ALLOCATIONS))
    return (counted[1] - counted[0]) / (many - few)


def command_line(command, endpoint, arguments):
    return [
        processes.load_generator(), command, "--endpoint", endpoint, *map(str, arguments)]


class BackgroundClient:
    """A load generator in the background, until `finish`."""

    def __init__(self, endpoint, command, *arguments):
        self.process = subprocess.Popen(
            command_line(command, endpoint, arguments), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise AssertionError(f"{command} in the background: {self.process.communicate()[1]}")

    def next_phase(self):
        """Starts the next phase: requests that are due later are measured separately."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def finish(self):
        """Stops after the last response; returns the JSON result."""
        out, errors = self.process.communicate(timeout=300)
        if self.process.returncode != 0:
            raise AssertionError(f"the background client: {out}{errors}")
        return json.loads(out)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def fixed_rate_puts(endpoint, rate, *arguments):
    """Puts in an open loop, in phases."""
    return contextlib.closing(BackgroundClient(
        endpoint, "put", *arguments, "--rate", rate, "--phases"))


def idle_clients(endpoint, connections, watchers, *options):
    """Idle connections and watchers."""
    return contextlib.closing(BackgroundClient(
        endpoint, "hold", "--connections", connections, "--watchers", watchers, *options))


def h2load(server, method, message, seconds, directory):
    """Repeats a request with h2load; returns the fields of our load generator's result."""
    body, log = directory / "body", directory / "h2load.log"
    body.write_bytes(struct.pack(">BI", 0, len(message)) + message)
    log.unlink(missing_ok=True)
    cpu = children_seconds()
    subprocess.run(
        ["h2load", "-c", "100", "-m", "10", "-t", "1", "-D", str(int(seconds) or 1),
         "-d", str(body), "--log-file", str(log), "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"{server.url}/etcdserverpb.KV/{method}"],
        check=True, capture_output=True, timeout=seconds + 60)
    return {**read_h2load(log), "clientCPUSeconds": children_seconds() - cpu}


def children_seconds():
    """CPU time of the terminated child processes."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_h2load(log):
    """Percentiles from h2load's request log."""
    latencies, first, last, errors = [], None, 0, 0
    for line in log.read_text().splitlines():
        began, status, taken = map(int, line.split("\t")[:3])
        first = began if first is None else min(first, began)
        last = max(last, began + taken)
        errors += status != 200
        latencies.append(taken)
    latencies.sort()
    count = len(latencies)
    seconds = max((last - (first or 0)) / 1e6, 1e-6)
    return {
        "requests": count, "errors": errors, "firstError": "HTTP status" if errors else None,
        "seconds": seconds, "requestsPerSecond": count / seconds,
        "p50": latencies[count // 2], "p99": latencies[min(count * 99 // 100, count - 1)],
    }
