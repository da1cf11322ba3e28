"""Faults of a cluster under load: members killed, frozen, cut off and replaced, again and again.

    python Tests/Acceptance/faults.py --seed 1 --seconds 600 --members 3 --kinds ours,ours,ours

While clients, watchers and holders of leases work on all members, one fault after the other
strikes. During each, a majority that is up has a leader soon and takes writes; after each, everybody serves.
At the end the judges look at all that anybody was told (history.py, judges.py), all members have
the same HashKV, and no log tells of an error.
"""
import argparse
import os
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time

import api
import history
import judges
from cluster import Cluster, log_faults, until
from slow_disk import slow_disk
from unread_pipe import UnreadPipe

rpc = api.rpc
ELECTION_SECONDS = 1.0
# Two election timeouts and a margin are expected; a machine that is busy is given far more.
LEADER_SECONDS = 60
# How long a writer through a follower may see nothing acknowledged when the leader is killed: two
# election timeouts and half a second for the write itself. A single time may take a second more, on
# a machine that runs all members and clients.
GAP_SECONDS = 2.5 * ELECTION_SECONDS
GAP_SECONDS_ONCE = GAP_SECONDS + 1
# Longer than any fault lasts: what the disk was told to write is there only after it.
HANG_SECONDS = 120
FLAGS = ["--snapshot-count=500", "--snapshot-catchup-entries=200"]


class GapClient(history.Client):
    """Puts through one member, one after the other, and keeps how long none was acknowledged."""

    def __init__(self, number, record, member, random_source):
        super().__init__(number, record, lambda: [member], random_source)
        self.member = member
        self.times = [time.monotonic()]

    def step(self):
        key = self.random.choice(history.KEYS)
        answered = self.perform(self.member, {"put": [key, self.value()]}, 20)
        if answered:
            self.times.append(time.monotonic())
        return answered

    @property
    def longest_gap(self):
        return max(after - before for before, after in zip(self.times, self.times[1:]))


class Faults:
    """One cluster under load and the faults that strike it; all draws follow from the seed."""

    def __init__(self, seed, directory, kinds, clients_each=3, report=lambda text: None):
        self.random = random.Random(seed)
        self.seed, self.kinds, self.report = seed, kinds, report
        self.cluster = Cluster(directory / "cluster", kinds, FLAGS, links=True)
        self.history = history.History(directory / "history.jsonl")
        self.client_count = clients_each * len(kinds)
        self.retired = []
        self.leader_times = []
        self.gaps = []
        self.struck = 0

    # The load

    def start(self):
        self.cluster.start()
        members = lambda: list(self.cluster)  # noqa: E731
        self.clients = history.start_clients(self.client_count, self.history, members, self.seed)
        self.prober = history.Client(900, self.history, members, random.Random(self.seed))
        self.watchers = []
        for one in self.cluster:
            self.watch(one)
        self.holders = [
            judges.LeaseHolder(
                number, self.history, members, random.Random(f"{self.seed}/lease {number}"))
            for number in range(3)]
        for one in self.holders:
            one.start()

    def watch(self, member):
        watcher = judges.Watcher(member)
        watcher.start()
        self.watchers.append(watcher)

    # Faults, each from a healthy cluster to a healthy cluster

    def others(self, *members):
        return [one for one in self.cluster if one not in members]

    def minority(self):
        members = list(self.cluster)
        return self.random.sample(members, (len(members) - 1) // 2)

    def kill_a_minority(self):
        self.killed(self.minority())

    def kill_the_leader(self):
        """A writer through a follower waits for the election, not for the end of its time."""
        leader = self.cluster.wait_leader()
        number = 1_000 + self.struck
        writer = GapClient(number, self.history, self.random.choice(self.others(leader)),
                           random.Random(f"{self.seed}/{number}"))
        writer.start()
        until(lambda: len(writer.times) > 5, LEADER_SECONDS, "a writer at work")
        self.killed([leader])
        # Nothing is promised by the real etcd, whose members wait for their time-out.
        history.stop_clients([writer])
        if "real" not in self.kinds:
            self.gaps.append(writer.longest_gap)
            assert writer.longest_gap <= GAP_SECONDS_ONCE, f"nothing written for {writer.longest_gap} s"

    def killed(self, members):
        self.cluster.kill(members)
        self.goes_on(self.others(*members), members)
        self.pause()
        for one in members:
            one.start(wait=False)

    def freeze_a_follower(self):
        member = self.random.choice(self.cluster.followers())
        member.freeze()
        self.goes_on(self.others(member), [member])
        self.pause()
        member.thaw()

    def freeze_the_leader(self):
        """Reads that wait at the frozen leader must not be answered from what it knew."""
        leader = self.cluster.wait_leader()
        leader.freeze()
        self.goes_on(self.others(leader), [leader])
        readers = [
            threading.Thread(target=history.Client(
                901 + number, self.history, lambda: [leader], self.random).perform,
                args=(leader, {"range": history.ALL}, 5)) for number in range(8)]
        for one in readers:
            one.start()
        time.sleep(0.2)
        leader.thaw()
        for one in readers:
            one.join(30)

    def hang_the_disk_of_the_leader(self):
        self.hang_the_disk(self.cluster.wait_leader())

    def hang_the_disk_of_a_follower(self):
        self.hang_the_disk(self.random.choice(self.cluster.followers()))

    def hang_the_disk(self, member):
        """What it writes is not durable before the end, and nobody else waits for that."""
        with slow_disk(member.process.pid, HANG_SECONDS):
            self.goes_on(self.others(member), [member])
            self.pause()
            self.takes_writes(self.others(member))

    def leave_a_log_unread(self):
        """A member whose log lines nobody takes serves, leads and is killed like any other."""
        ours = [one for one in self.cluster if one.kind == "ours"]
        if not ours:
            return  # the real etcd hangs with its log
        member = self.random.choice(ours)
        self.cluster.kill([member])
        pipe = UnreadPipe()
        try:
            pipe.fill()
            member.start(output=pipe.write_end)
            self.cluster.retried("move-leader", member.hex_id)
            until(lambda: self.cluster.leader() is member, LEADER_SECONDS, "the leader asked for")
            self.pause()
            self.takes_writes([member])
            self.cut_off(member)
            self.takes_writes([member])
            self.cluster.kill([member])
        finally:
            pipe.close()
            os.close(pipe.read_end)
        self.goes_on(self.others(member), [member])
        member.start(wait=False)

    def cut_off_the_leader(self):
        self.cut_off(self.cluster.wait_leader())

    def cut_off_a_follower(self):
        self.cut_off(self.random.choice(self.cluster.followers()))

    def cut_off(self, member):
        others = self.others(member)
        how = self.random.choice(["hold", "refuse"])
        self.cluster.links.isolate(member.name, [one.name for one in others], how)
        self.goes_on(others, [member])
        self.pause()
        self.cluster.links.heal()

    def leader_is_not_heard(self):
        leader = self.cluster.wait_leader()
        for one in self.others(leader):
            self.cluster.links.hold(leader.name, one.name)
        self.goes_on(self.others(leader), [leader])
        self.cluster.links.heal()

    def leader_does_not_hear(self):
        leader = self.cluster.wait_leader()
        for one in self.others(leader):
            self.cluster.links.hold(one.name, leader.name)
        self.goes_on(self.others(leader), [leader])
        self.cluster.links.heal()

    def cut_one_pair(self):
        """Everybody still reaches a majority."""
        one, other = self.random.sample(list(self.cluster), 2)
        how = self.random.choice(["hold", "refuse"])
        getattr(self.cluster.links, how)(one.name, other.name)
        getattr(self.cluster.links, how)(other.name, one.name)
        self.pause()
        self.takes_writes(self.cluster)
        self.cluster.links.heal()

    def slow_and_broken_links(self):
        for one in self.cluster:
            for other in self.others(one):
                self.cluster.links.delay(one.name, other.name, self.random.uniform(0, 0.05))
                self.cluster.links.break_messages(
                    one.name, other.name, self.random.randrange(4))
        self.pause()
        self.takes_writes(self.cluster)
        self.cluster.links.heal()

    def restart_all(self):
        members = list(self.cluster)
        self.cluster.kill(members)
        for one in members:
            one.start(wait=False)
        self.leader_after("restart of all", members, None)

    def replace_a_wiped_member(self):
        member = self.random.choice(list(self.cluster))
        self.cluster.kill([member])
        member.wipe()
        others = self.others(member)
        self.goes_on(others, [member])
        self.cluster.remove(member, via=others[0])
        watcher = next(one for one in self.watchers if one.member is member)
        watcher.stop()
        self.watchers.remove(watcher)
        self.retired.append(watcher)
        new = self.cluster.add(member.kind, learner=True, via=others[0])
        self.cluster.promote(new, via=others[0])
        self.watch(new)

    ALL = [kill_a_minority, kill_the_leader, freeze_a_follower, freeze_the_leader,
           hang_the_disk_of_the_leader, hang_the_disk_of_a_follower, leave_a_log_unread,
           cut_off_the_leader, cut_off_a_follower, leader_is_not_heard, leader_does_not_hear,
           cut_one_pair, slow_and_broken_links, restart_all, replace_a_wiped_member]

    # What must hold while a fault is there

    def pause(self):
        time.sleep(self.random.uniform(0.2, 3))

    def goes_on(self, rest, gone):
        """The rest has a leader soon, which is none of those gone, and takes writes."""
        self.leader_after(self.fault, rest, gone)
        self.takes_writes(rest)

    def leader_after(self, fault, members, gone):
        begin = time.monotonic()
        until(lambda: (leader := self.cluster.leader(members)) and leader not in (gone or ()),
              LEADER_SECONDS, f"a new leader after {fault}")
        self.leader_times.append((fault, time.monotonic() - begin))

    def takes_writes(self, members):
        members = list(members)
        until(lambda: self.prober.perform(
            self.random.choice(members), {"put": ["k0", self.prober.value()]}, 3),
            LEADER_SECONDS, f"a write during {self.fault}")

    def strike(self, fault):
        self.fault = fault.__name__.replace("_", " ")
        answered, begin = self.history.answered, time.monotonic()
        fault(self)
        self.cluster.wait_healthy()
        self.struck += 1
        for kind in (self.watchers, self.retired, self.clients, self.holders):
            for one in kind:
                assert not one.failure, one.failure
        self.report(f"{self.struck}: {self.fault}: {time.monotonic() - begin:.1f} s, "
                    f"{self.history.answered - answered} calls answered")

    # The end

    def judge(self):
        history.stop_clients([*self.clients, *self.holders])
        leader = self.cluster.wait_leader()
        late = judges.wait_for_late_ends(self.holders, leader, 60)
        self.final_reads()
        self.cluster.same_hashes()
        answer = leader.stub("KV").Range(
            rpc.RangeRequest(key=b"\0", range_end=b"\0"), timeout=20)
        judges.judge_watchers(self.watchers, self.retired, answer.kvs, answer.header.revision)
        ended = judges.judge_early_ends(self.holders, [*self.watchers, *self.retired])
        judges.note_expiries(self.holders, self.watchers[0], self.history)
        calls = self.history.answered + self.history.unanswered
        judges.note_events(self.watchers[0], self.history)
        if self.gaps:
            assert statistics.median(self.gaps) <= GAP_SECONDS, f"gaps of {self.gaps} s"
        begin = time.monotonic()
        status, text = self.history.judge()
        self.report(f"{calls} calls and all events judged in {time.monotonic() - begin:.1f} s")
        assert status == 0, f"status {status}: {text}"
        for one in self.cluster:
            assert not log_faults(one), f"the log of {one.name} tells {log_faults(one)[:3]}"
        for one in (*self.watchers, *self.retired):
            one.stop()
        self.summary = (
            f"{self.struck} faults, {calls - self.history.unanswered} calls answered, "
            f"{self.history.unanswered} not, {answer.header.revision} revisions, "
            f"{ended} ends of leases seen, the last {late:.1f} s after its renewal; "
            f"a new leader in {spread(time for _, time in self.leader_times)}; when the leader "
            f"was killed a writer through a follower waited {spread(self.gaps)}")

    def final_reads(self):
        for one in self.cluster:
            until(lambda: self.prober.perform(one, {"range": ["a", "z"]}, 10), 60,
                  f"a last read on {one.name}")

    def close(self):
        for one in (*getattr(self, "clients", ()), *getattr(self, "holders", ()),
                    *getattr(self, "watchers", ())):
            one.stopping.set()
        self.cluster.close()
        self.history.close()


def spread(seconds):
    """The median and the longest of some times, as a text."""
    times = sorted(seconds)
    if not times:
        return "no time"
    return f"{times[len(times) // 2]:.1f} s (median), {times[-1]:.1f} s (longest)"


def run(seed, kinds, seconds=None, faults=None, report=lambda text: None):
    """Strikes with the given faults, or with drawn ones for so long; gives the summary.

    The directory is kept on failure.
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
    end = time.monotonic() + (seconds or 0)
    all_faults = Faults(seed, directory, kinds, report=report)
    try:
        all_faults.start()
        chosen = list(faults or ())
        while chosen or (not faults and time.monotonic() < end):
            if not chosen:
                chosen = all_faults.random.sample(Faults.ALL, len(Faults.ALL))
            all_faults.strike(chosen.pop())
        all_faults.judge()
    except BaseException as failure:
        logs = "\n".join(f"{one.name} ({one.kind}):\n{one.tail(5)}" for one in all_faults.cluster)
        command = f"--seed {seed} --members {len(kinds)} --kinds {','.join(kinds)}"
        raise AssertionError(
            f"{failure}\nfiles: {directory}\nagain: python Tests/Acceptance/faults.py {command} "
            f"--seconds {seconds or 60}\n{logs}") from failure
    finally:
        all_faults.close()
    shutil.rmtree(directory, ignore_errors=True)
    return all_faults.summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--kinds", default="ours", help="ours or real, one or one for each member")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if len(kinds) == 1:
        kinds *= arguments.members
    if len(kinds) != arguments.members:
        parser.error(f"{len(kinds)} kinds for {arguments.members} members")
    summary = run(arguments.seed, kinds, arguments.seconds,
                  report=lambda text: print(text, file=sys.stderr, flush=True))
    print(f"seed {arguments.seed}: {summary}")


if __name__ == "__main__":
    main()
