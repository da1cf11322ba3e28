"""Fault injection for a cluster under load: members are killed, frozen, isolated and replaced.

Clients, watchers and lease holders use all members while faults are injected one after the other.
During each fault a majority that is up elects a leader and accepts writes; after each fault all
members serve. At the end, the history, the watches and the leases are checked (history.py,
checkers.py), all members have the same HashKV, and no log has an error.
"""
import os
import pathlib
import random
import shutil
import statistics
import tempfile
import threading
import time

from acceptance import api, checkers, history
from acceptance.cluster import Cluster, log_errors, until
from acceptance.proxies import GRPCProxy
from acceptance.slow_disk import slow_disk
from acceptance.unread_pipe import UnreadPipe

rpc = api.rpc
ELECTION_SECONDS = 1.0
# Two election timeouts and a margin are expected; a busy machine may take far longer.
LEADER_SECONDS = 60
# Longest time without an acknowledged write through a follower when the leader is killed: two
# election timeouts and half a second for the write itself. This holds for the median; one gap may
# be a second longer, since all members and clients run on one machine.
GAP_SECONDS = 2.5 * ELECTION_SECONDS
GAP_SECONDS_MAX = GAP_SECONDS + 1
# Longer than any fault: the data is durable only after the fault.
HANG_SECONDS = 120
FLAGS = ["--snapshot-count=500", "--snapshot-catchup-entries=200"]


class GapClient(history.Client):
    """Sequential puts through one member; measures the longest time without a success."""

    def __init__(self, number, call_history, member, random_source):
        super().__init__(number, call_history, lambda: [member], random_source)
        self.member = member
        self.times = [time.monotonic()]

    def step(self):
        key = self.random.choice(history.KEYS)
        succeeded = self.perform(self.member, {"put": [key, self.value()]}, 20)
        if succeeded:
            self.times.append(time.monotonic())
        return succeeded

    @property
    def longest_gap(self):
        return max(after - before for before, after in zip(self.times, self.times[1:]))


class FaultInjector:
    """A cluster under load and the faults that are injected; the seed determines all choices."""

    OPTIONS = ""

    def __init__(self, seed, directory, kinds, clients_each=3, report=lambda text: None):
        self.random = random.Random(seed)
        self.seed, self.kinds, self.report = seed, kinds, report
        self.cluster = Cluster(directory / "cluster", kinds, FLAGS, proxies=True)
        self.history = history.History(directory / "history.jsonl")
        self.client_count = clients_each * len(kinds)
        self.retired = []
        self.leader_times = []
        self.gaps = []
        self.injected = 0

    # The load

    def start(self):
        self.cluster.start()
        self.start_load(lambda: list(self.cluster))

    def start_load(self, members):
        """Starts clients, watchers and lease holders on what `members()` returns."""
        self.clients = history.start_clients(self.client_count, self.history, members, self.seed)
        self.prober = history.Client(900, self.history, members, random.Random(self.seed))
        self.watchers = []
        for one in members():
            self.watch(one)
        self.holders = [
            checkers.LeaseHolder(
                number, self.history, members, random.Random(f"{self.seed}/lease {number}"))
            for number in range(3)]
        for one in self.holders:
            one.start()

    def watch(self, member):
        watcher = checkers.Watcher(member)
        watcher.start()
        self.watchers.append(watcher)

    # Faults: the cluster is healthy before and after each

    def others(self, *members):
        return [one for one in self.cluster if one not in members]

    def minority(self):
        members = list(self.cluster)
        return self.random.sample(members, (len(members) - 1) // 2)

    def kill_minority(self):
        self.kill(self.minority())

    def kill_leader(self):
        """A writer through a follower waits for the election, not for its timeout."""
        leader = self.cluster.wait_leader()
        number = 1_000 + self.injected
        writer = GapClient(number, self.history, self.random.choice(self.others(leader)),
                           random.Random(f"{self.seed}/{number}"))
        writer.start()
        until(lambda: len(writer.times) > 5, LEADER_SECONDS, "a running writer")
        self.kill([leader])
        # No limit for the real etcd, whose members wait for their timeout.
        history.stop_clients([writer])
        if "real" not in self.kinds:
            self.gaps.append(writer.longest_gap)
            assert writer.longest_gap <= GAP_SECONDS_MAX, \
                f"no acknowledged write for {writer.longest_gap} s"

    def kill(self, members):
        self.cluster.kill(members)
        self.expect_service(self.others(*members), members)
        self.pause()
        for one in members:
            one.start(wait=False)

    def freeze_follower(self):
        member = self.random.choice(self.cluster.followers())
        member.freeze()
        self.expect_service(self.others(member), [member])
        self.pause()
        member.resume()

    def freeze_leader(self):
        """Reads that are pending at the frozen leader must not return its old state."""
        leader = self.cluster.wait_leader()
        leader.freeze()
        self.expect_service(self.others(leader), [leader])
        readers = [
            threading.Thread(target=history.Client(
                901 + number, self.history, lambda: [leader], self.random).perform,
                args=(leader, {"range": history.ALL}, 5)) for number in range(8)]
        for one in readers:
            one.start()
        time.sleep(0.2)
        leader.resume()
        for one in readers:
            one.join(30)

    def hang_disk_of_leader(self):
        self.hang_disk(self.cluster.wait_leader())

    def hang_disk_of_follower(self):
        self.hang_disk(self.random.choice(self.cluster.followers()))

    def hang_disk(self, member):
        """Its writes are not durable before the end, and the others do not wait for it."""
        with slow_disk(member.process.pid, HANG_SECONDS):
            self.expect_service(self.others(member), [member])
            self.pause()
            self.expect_writes(self.others(member))

    def block_log(self):
        """A member whose log output is blocked serves, leads and is killed like any other."""
        ours = [one for one in self.cluster if one.kind == "ours"]
        if not ours:
            return  # the real etcd blocks with its log
        member = self.random.choice(ours)
        self.cluster.kill([member])
        pipe = UnreadPipe()
        try:
            pipe.fill()
            member.start(output=pipe.write_end)
            self.cluster.retried("move-leader", member.hex_id)
            until(lambda: self.cluster.leader() is member, LEADER_SECONDS, "the new leader")
            self.pause()
            self.expect_writes([member])
            self.isolate(member)
            self.expect_writes([member])
            self.cluster.kill([member])
        finally:
            pipe.close()
            os.close(pipe.read_end)
        self.expect_service(self.others(member), [member])
        member.start(wait=False)

    def isolate_leader(self):
        self.isolate(self.cluster.wait_leader())

    def isolate_follower(self):
        self.isolate(self.random.choice(self.cluster.followers()))

    def isolate(self, member):
        others = self.others(member)
        how = self.random.choice(["hold", "refuse"])
        self.cluster.proxies.isolate(member.name, [one.name for one in others], how)
        self.expect_service(others, [member])
        self.pause()
        self.cluster.proxies.heal()

    def hold_messages_from_leader(self):
        leader = self.cluster.wait_leader()
        for one in self.others(leader):
            self.cluster.proxies.hold(leader.name, one.name)
        self.expect_service(self.others(leader), [leader])
        self.cluster.proxies.heal()

    def hold_messages_to_leader(self):
        leader = self.cluster.wait_leader()
        for one in self.others(leader):
            self.cluster.proxies.hold(one.name, leader.name)
        self.expect_service(self.others(leader), [leader])
        self.cluster.proxies.heal()

    def partition_one_pair(self):
        """Every member still reaches a majority."""
        one, other = self.random.sample(list(self.cluster), 2)
        how = self.random.choice(["hold", "refuse"])
        getattr(self.cluster.proxies, how)(one.name, other.name)
        getattr(self.cluster.proxies, how)(other.name, one.name)
        self.pause()
        self.expect_writes(self.cluster)
        self.cluster.proxies.heal()

    def slow_and_broken_connections(self):
        for one in self.cluster:
            for other in self.others(one):
                self.cluster.proxies.delay(one.name, other.name, self.random.uniform(0, 0.05))
                self.cluster.proxies.break_messages(
                    one.name, other.name, self.random.randrange(4))
        self.pause()
        self.expect_writes(self.cluster)
        self.cluster.proxies.heal()

    def restart_all(self):
        members = list(self.cluster)
        self.cluster.kill(members)
        for one in members:
            one.start(wait=False)
        self.expect_leader("restart of all", members, None)

    def replace_wiped_member(self):
        member = self.random.choice(list(self.cluster))
        self.cluster.kill([member])
        member.wipe()
        others = self.others(member)
        self.expect_service(others, [member])
        self.cluster.remove(member, via=others[0])
        watcher = next(one for one in self.watchers if one.member is member)
        watcher.stop()
        self.watchers.remove(watcher)
        self.retired.append(watcher)
        new = self.cluster.add(member.kind, learner=True, via=others[0])
        self.cluster.promote(new, via=others[0])
        self.watch(new)

    ALL = [kill_minority, kill_leader, freeze_follower, freeze_leader, hang_disk_of_leader,
           hang_disk_of_follower, block_log, isolate_leader, isolate_follower,
           hold_messages_from_leader, hold_messages_to_leader, partition_one_pair,
           slow_and_broken_connections, restart_all, replace_wiped_member]

    # Requirements during a fault

    def pause(self):
        time.sleep(self.random.uniform(0.2, 3))

    def expect_service(self, rest, failed):
        """The rest elects a leader that is none of the failed members, and accepts writes."""
        self.expect_leader(self.fault, rest, failed)
        self.expect_writes(rest)

    def expect_leader(self, fault, members, failed):
        begin = time.monotonic()
        until(lambda: (leader := self.cluster.leader(members)) and leader not in (failed or ()),
              LEADER_SECONDS, f"a new leader after {fault}")
        self.leader_times.append((fault, time.monotonic() - begin))

    def expect_writes(self, members):
        members = list(members)
        until(lambda: self.prober.perform(
            self.random.choice(members), {"put": ["k0", self.prober.value()]}, 3),
            LEADER_SECONDS, f"a write during {self.fault}")

    def inject(self, fault):
        self.fault = fault.__name__.replace("_", " ")
        completed, begin = self.history.completed, time.monotonic()
        fault(self)
        self.cluster.wait_healthy()
        self.injected += 1
        for kind in (self.watchers, self.retired, self.clients, self.holders):
            for one in kind:
                assert not one.failure, one.failure
        self.report(f"{self.injected}: {self.fault}: {time.monotonic() - begin:.1f} s, "
                    f"{self.history.completed - completed} calls completed")

    # Final checks

    def check(self):
        history.stop_clients([*self.clients, *self.holders])
        leader = self.cluster.wait_leader()
        late = checkers.wait_for_expiries(self.holders, leader, 60)
        self.final_reads()
        self.cluster.same_hashes()
        response = leader.stub("KV").Range(
            rpc.RangeRequest(key=b"\0", range_end=b"\0"), timeout=20)
        revision = response.header.revision
        checkers.check_watchers(self.watchers, self.retired, response.kvs, revision)
        expired = checkers.check_early_expiries(self.holders, [*self.watchers, *self.retired])
        checkers.record_expiries(self.holders, self.watchers[0], self.history)
        calls = self.history.completed + self.history.indeterminate
        checkers.record_events(self.watchers[0], self.history)
        if self.gaps:
            assert statistics.median(self.gaps) <= GAP_SECONDS, f"gaps of {self.gaps} s"
        begin = time.monotonic()
        status, text = self.history.check()
        self.report(f"{calls} calls and all events checked in {time.monotonic() - begin:.1f} s")
        assert status == 0, f"status {status}: {text}"
        for one in self.cluster:
            assert not log_errors(one), f"errors in the log of {one.name}: {log_errors(one)[:3]}"
        for one in (*self.watchers, *self.retired):
            one.stop()
        self.summary = (
            f"{self.injected} faults, {calls - self.history.indeterminate} calls completed, "
            f"{self.history.indeterminate} indeterminate, {revision} revisions, "
            f"{expired} lease expiries, the last {late:.1f} s after the load; "
            f"a new leader in {spread(time for _, time in self.leader_times)}; without an "
            f"acknowledged write after a kill of the leader: {spread(self.gaps)}")

    def final_reads(self):
        for one in self.cluster:
            until(lambda: self.prober.perform(one, {"range": ["a", "z"]}, 10), 60,
                  f"a final read on {one.name}")

    def close(self):
        for one in (*getattr(self, "clients", ()), *getattr(self, "holders", ()),
                    *getattr(self, "watchers", ())):
            one.stopping.set()
        self.cluster.close()
        self.history.close()


class ProxiedFaultInjector(FaultInjector):
    """A cluster whose clients use gRPC proxies of ours, each before all members."""

    OPTIONS = "--proxy "
    # The watcher of a replaced member would have to be one of that member.
    ALL = [one for one in FaultInjector.ALL if one is not FaultInjector.replace_wiped_member]

    def start(self):
        self.cluster.start()
        endpoints = [one.endpoint for one in self.cluster]
        self.grpc_proxies = [
            GRPCProxy(self.cluster.directory / f"proxy-{number}", endpoints).start()
            for number in range(2)]
        self.start_load(lambda: self.grpc_proxies)

    def close(self):
        super().close()
        for one in getattr(self, "grpc_proxies", ()):
            one.close()


def spread(seconds):
    """The median and the maximum of some times, as text."""
    times = sorted(seconds)
    if not times:
        return "not measured"
    return f"{times[len(times) // 2]:.1f} s (median), {times[-1]:.1f} s (maximum)"


def run(seed, kinds, seconds=None, faults=None, report=lambda text: None,
        injector_type=FaultInjector):
    """Injects the given faults, or random ones for some seconds; returns the summary.

    Keeps the directory on failure.
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    end = time.monotonic() + (seconds or 0)
    injector = injector_type(seed, directory, kinds, report=report)
    try:
        injector.start()
        chosen = list(faults or ())
        while chosen or (not faults and time.monotonic() < end):
            if not chosen:
                chosen = injector.random.sample(injector.ALL, len(injector.ALL))
            injector.inject(chosen.pop())
        injector.check()
    except BaseException as failure:
        logs = "\n".join(f"{one.name} ({one.kind}):\n{one.tail(5)}" for one in injector.cluster)
        command = f"--seed {seed} --members {len(kinds)} --kinds {','.join(kinds)}"
        raise AssertionError(
            f"{failure}\nfiles: {directory}\nto repeat: "
            f"python Tests/Acceptance/programs/faults.py {injector.OPTIONS}{command} "
            f"--seconds {seconds or 60}\n{logs}") from failure
    finally:
        injector.close()
    shutil.rmtree(directory, ignore_errors=True)
    return injector.summary
