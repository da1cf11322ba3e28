"""The CPU time of one scrape of /metrics by a member.

    python Benchmarks/scrape.py [PROGRAM]

Starts the release build, or another etcd, scrapes it 200 times over one connection, and prints the
CPU time of all its threads for each scrape, less what they need without scrapes.
"""
import contextlib
import http.client
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCRAPES = 200


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def member(program):
    """A member without data; yields its process and the port of its clients."""
    with tempfile.TemporaryDirectory() as directory:
        port, peer = free_port(), f"http://127.0.0.1:{free_port()}"
        client = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(
            [program, "--data-dir", f"{directory}/data", "--listen-client-urls", client,
             "--advertise-client-urls", client, "--listen-peer-urls", peer,
             "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"],
            stderr=subprocess.DEVNULL)
        try:
            time.sleep(2)
            yield process, port
        finally:
            process.terminate()
            process.wait()


def cpu_milliseconds(process):
    """CPU time of the threads that exist, exact to the nanosecond."""
    total = 0
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


def measure(process, port, **headers):
    """Bytes of the body and CPU milliseconds of one scrape."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def scrape():
        connection.request("GET", "/metrics", headers=headers)
        return len(connection.getresponse().read())

    for _ in range(20):
        size = scrape()
    began = cpu_milliseconds(process)
    time.sleep(4)
    idle = (cpu_milliseconds(process) - began) / 4
    began, time_began = cpu_milliseconds(process), time.monotonic()
    for _ in range(SCRAPES):
        scrape()
        time.sleep(0.01)
    used = cpu_milliseconds(process) - began - idle * (time.monotonic() - time_began)
    return size, used / SCRAPES


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / ".build/release/etcd")
    with member(os.path.abspath(program)) as (process, port):
        for name, headers in [("plain", {}), ("gzip", {"Accept-Encoding": "gzip"})]:
            size, milliseconds = measure(process, port, **headers)
            print(f"{name}: {size:,} bytes, {milliseconds:.2f} ms of CPU for each scrape")


if __name__ == "__main__":
    main()
