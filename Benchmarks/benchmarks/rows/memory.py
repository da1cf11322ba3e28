"""Rows of memory usage with many keys and idle clients, and of the restart time."""
import time

from benchmarks.measurements import client
from benchmarks.measurements.progress import report_progress
from benchmarks.measurements.certificates import P256
from benchmarks.measurements.systems import alternating, encrypted, one_member
from benchmarks.rows import targets, workloads

IDLE_CONNECTIONS, IDLE_WATCHERS = 1_000, 10_000
TLS_CONNECTIONS = 10_000
SMALL_VALUE_BYTES = 64


def resident(options, parent, into):
    """Memory usage with many small keys, and with idle clients."""
    for number, name in alternating(options):
        title = f"memory: keys of {SMALL_VALUE_BYTES} B, {options.keys:,}"
        report_progress(f"round {number + 1}, {name}: {title}")
        with one_member(name, parent, number) as server:
            client.generate(
                server, "load", *workloads.MANY, "--keys", options.keys,
                "--value-size", SMALL_VALUE_BYTES)
            time.sleep(2)
            add_memory(server, title, name, into)
        title = f"memory: idle, {IDLE_CONNECTIONS:,} connections, {IDLE_WATCHERS:,} watchers"
        report_progress(f"round {number + 1}, {name}: {title}")
        with one_member(name, parent, number) as server:
            into.add(title, "RSS MB without them", name, server.rss_bytes() / 1e6)
            with client.idle_clients(
                    server.endpoint, IDLE_CONNECTIONS, IDLE_WATCHERS) as clients:
                time.sleep(2)
                add_memory(server, title, name, into)
                clients.finish()


def idle_encrypted(options, parent, into):
    """Memory usage with idle connections that use TLS."""
    title = f"memory: idle TLS, {TLS_CONNECTIONS:,} connections"
    for number, name in alternating(options):
        report_progress(f"round {number + 1}, {name}: {title}")
        with encrypted(P256)(name, parent, number) as server:
            before = server.rss_bytes()
            into.add(title, "RSS MB without them", name, before / 1e6)
            with client.idle_clients(
                    server.endpoint, TLS_CONNECTIONS, 1, *server.client_flags) as clients:
                time.sleep(2)
                add_memory(server, title, name, into)
                into.add(title, "KiB each", name,
                         (server.rss_bytes() - before) / 1024 / TLS_CONNECTIONS)
                clients.finish()


def add_memory(server, title, name, into):
    into.add(title, targets.RSS, name, server.rss_bytes() / 1e6)
    into.add(title, "without file pages MB", name, server.anonymous_bytes() / 1e6)


def load_and_restart(keys, restarts, options, parent, into):
    """Loads the keys; measures memory, disk space, and the restart time."""
    title = f"load of {keys:,} keys"
    for name in options.servers:
        report_progress(f"{name}: {title}")
        with one_member(name, parent, "load") as server:
            load(server, keys, title, name, into)
            for _ in range(restarts):
                report_progress(f"{name}: restart")
                restart(server, title, name, into)


def load(server, keys, title, name, into):
    before = server.cpu_seconds()
    result = client.generate(server, "load", *workloads.MANY, "--keys", keys)
    cpu = server.cpu_seconds() - before
    into.add(title, targets.THROUGHPUT, name, result["requestsPerSecond"])
    into.add(title, "p50 us", name, result["p50"])
    into.add(title, "p99 us", name, result["p99"])
    into.add(title, targets.CPU, name, cpu * 1e6 / keys)
    into.add(title, targets.PEAK, name, server.peak_rss_bytes() / 1e6)
    into.add(title, targets.RSS, name, server.rss_bytes() / 1e6)
    time.sleep(1)
    into.add(title, "disk MB", name, server.disk_bytes() / 1e6)


def restart(server, title, name, into):
    into.add(title, targets.RESTART, name, server.restart_seconds(600))
    time.sleep(1)
    into.add(title, "RSS after restart MB", name, server.rss_bytes() / 1e6)
    into.add(
        title, "without file pages MB after restart", name, server.anonymous_bytes() / 1e6)
