"""Faults of a cluster that is used through the Swift client library.

The program `clientworkload` writes, watches and takes locks, and records what it has seen. Its
connections to the members go through proxies, so that they can be cut. At the end no watcher has
seen a gap or a repetition, no two holders have had the lock at once, and the history of the calls
is linearizable: no acknowledged write is lost.
"""
import json
import pathlib
import random
import subprocess
import threading
import time

from acceptance import checkers, history
from acceptance.cluster import log_errors, until
from acceptance.faults import FaultInjector
from acceptance.members import our_etcd
from acceptance.peer_proxies import PeerProxies

rpc = checkers.rpc
CLIENT = "client"


class SeenWatcher(checkers.Watcher):
    """A watcher of the program: it is given the events that the program has recorded."""

    def __init__(self, number):
        super().__init__(self)
        self.name = f"watcher {number}"

    def see(self, events):
        try:
            self._take(rpc.WatchResponse(events=[{
                "type": "DELETE" if value is None else "PUT",
                "kv": {"key": key.encode(), "value": (value or "").encode(),
                       "mod_revision": revision, "create_revision": created, "version": version}}
                for revision, key, value, created, version in events]))
        except AssertionError as failure:
            self.failure = f"{self.name}: {failure}"


class Workload:
    """The running program, and what it has recorded."""

    def __init__(self, call_history, endpoints):
        self.history = call_history
        self.watchers = [SeenWatcher(number) for number in range(2)]
        self.holds = []
        self.failure = None
        self.stopped = threading.Event()
        path = pathlib.Path(our_etcd()).parent / "clientworkload"
        self.process = subprocess.Popen(
            [path, *endpoints], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            record = json.loads(line)
            if "watcher" in record:
                self.watchers[record["watcher"]].see(record["events"])
            elif "holder" in record:
                self.holds.append(record)
            elif "operation" in record:
                self.history.record(
                    record["client"], record["called"], record["operation"],
                    record.get("returned"), record.get("revision"), record.get("result"))
            elif "stopped" in record:
                self.stopped.set()
            else:
                self.failure = record["failure"]

    def stop_load(self):
        """Ends writers and lock holders; the watchers go on."""
        print("stop", file=self.process.stdin, flush=True)
        assert self.stopped.wait(60), "the workload does not stop"

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(30)


def check_locks(holds):
    """Never two holders at once, and each has a greater revision than the one before."""
    holds = sorted(holds, key=lambda one: one["acquired"])
    for before, after in zip(holds, holds[1:]):
        assert before["released"] <= after["acquired"], f"two holders: {before} and {after}"
        assert before["lock"] < after["lock"], f"the revision falls: {before} and {after}"


def record_lock_keys(watcher, call_history):
    """Records the keys of waiting lock holders, put and deleted by the client and by expiry."""
    for revision, key, value, _, _ in watcher.events:
        if key.startswith(b"lock/"):
            operation, result = ({"delete": key.decode()}, {"deleted": 1}) if value is None \
                else ({"put": [key.decode(), value.decode()]}, {"put": True})
            call_history.record(2000, 0, operation, watcher.seen_at[revision], revision, result)


class ClientFaultInjector(FaultInjector):
    """A cluster that the program uses; the seed determines all choices but those of the program."""

    OPTIONS = "--client "
    workload = links = None

    def start(self):
        self.cluster.start()
        self.links = PeerProxies(lambda: {CLIENT: self.workload.process.pid})
        endpoints = [
            f"127.0.0.1:{self.links.open(one.name, one.client_port)}" for one in self.cluster]
        self.workload = Workload(self.history, endpoints)
        self.watchers, self.clients, self.holders = self.workload.watchers, [self.workload], []
        self.prober = history.Client(
            900, self.history, lambda: list(self.cluster), random.Random(self.seed))
        until(lambda: self.workload.holds, 60, "a lock holder")

    # Faults

    def kill_leader(self):
        self.kill([self.cluster.wait_leader()])

    def restart_one_after_the_other(self):
        for one in self.cluster:
            one.stop()
            one.start()

    def hold_links_to_minority(self):
        self.cut("hold", self.minority())

    def refuse_links_to_minority(self):
        self.cut("refuse", self.minority())

    def hold_all_links(self):
        self.cut("hold", self.cluster)

    def cut(self, how, members):
        for one in members:
            self.links.isolate(one.name, [CLIENT], how)
        time.sleep(self.random.uniform(1, 6))
        self.links.heal()

    def break_links(self):
        for one in self.cluster:
            self.links.break_messages(CLIENT, one.name, self.random.randrange(4))
            self.links.break_messages(one.name, CLIENT, self.random.randrange(4))
        self.pause()
        self.links.heal()

    ALL = [FaultInjector.kill_minority, kill_leader, FaultInjector.freeze_follower,
           FaultInjector.freeze_leader, FaultInjector.isolate_leader,
           FaultInjector.isolate_follower, FaultInjector.restart_all, restart_one_after_the_other,
           hold_links_to_minority, refuse_links_to_minority, hold_all_links, break_links]

    # Final checks

    def check(self):
        # After the last fault the client works again.
        holds, calls = len(self.workload.holds), self.history.completed
        until(lambda: len(self.workload.holds) > holds and self.history.completed > calls, 60,
              "calls and a lock holder after the last fault")
        self.workload.stop_load()
        leader = self.cluster.wait_leader()
        until(lambda: not leader.stub("Lease").LeaseLeases(
            rpc.LeaseLeasesRequest(), timeout=10).leases, 60, "the end of all leases")
        self.final_reads()
        self.cluster.same_hashes()
        response = leader.stub("KV").Range(
            rpc.RangeRequest(key=b"\0", range_end=b"\0"), timeout=20)
        revision = response.header.revision
        checkers.check_watchers(self.watchers, [], response.kvs, revision)
        check_locks(self.workload.holds)
        completed, indeterminate = self.history.completed, self.history.indeterminate
        record_lock_keys(self.watchers[0], self.history)
        checkers.record_events(self.watchers[0], self.history)
        status, text = self.history.check()
        assert status == 0, f"status {status}: {text}"
        for one in self.cluster:
            assert not log_errors(one), f"errors in the log of {one.name}: {log_errors(one)[:3]}"
        self.summary = (
            f"{self.injected} faults, {completed} calls completed, {indeterminate} indeterminate, "
            f"{revision} revisions, {len(self.workload.holds)} times the lock was held")

    def close(self):
        if self.workload:
            self.workload.close()
        if self.links:
            self.links.close()
        self.cluster.close()
        self.history.close()
