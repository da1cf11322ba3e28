"""Replays captures of etcdctl with our etcdctl and our servers."""
import hashlib
import os
import re
import signal
import subprocess
import time

from acceptance import api
from acceptance.cluster import Cluster, metric, until
from acceptance.command_lines import lines
from acceptance.etcdctl_captures import comparable, words
from acceptance.members import free_ports, our_etcdctl

# Names, IDs and client ports of the recorded members, in the order of their IDs.
RECORDED = {
    "n3": (0x32689cdaa5c21add, 42379), "n2": (0xbd089dc836288bf4, 42279),
    "n1": (0xfcef5a85db9fa8dd, 42179)}
CLUSTER_ID = 0x88e6b56dad4e97f6
ALONE = {"default": (1063348006234710816, 42579)}
ALONE_CLUSTER_ID = 11848240309488531898


def member_id(member, token):
    digest = hashlib.sha1((member.peer_url + token).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def three_members(directory):
    """A cluster whose members are named in the order of their IDs, like the recorded one; the
    first is led by the last."""
    cluster = Cluster(directory, ("ours",) * 3)
    ordered = sorted(cluster, key=lambda one: member_id(one, directory.name))
    cluster.members = dict(zip(RECORDED, ordered))
    for name, member in cluster.members.items():
        member.name = name
    urls = ",".join(f"{one.name}={one.peer_url}" for one in cluster)
    for one in cluster:
        one.initial_cluster = urls
    cluster.start()
    lead(cluster, cluster.members["n3"])
    return cluster


def lead(cluster, member):
    leader = cluster.wait_leader()
    if leader is not member:
        leader.etcdctl("move-leader", member.hex_id, program=our_etcdctl())
        until(lambda: cluster.leader() is member, 60, f"{member.name} as the leader")


def ids_of(member):
    """The IDs of the cluster and of a member."""
    with member.connect() as channel:
        header = api.stub(channel, "Maintenance").Status(
            api.rpc.StatusRequest(), timeout=10).header
    return header.cluster_id, header.member_id


class Names:
    """What stands for the names of a recording: pairs of a recorded and an actual text."""

    def __init__(self, recorded, members, ids, cluster_ids):
        self.pairs = []
        for (identity, port), member, actual in zip(recorded.values(), members, ids):
            self.add_id(identity, actual)
            self.pairs += [
                (f"127.0.0.1:{port}", member.endpoint),
                (f"127.0.0.1:{port + 1}", f"127.0.0.1:{member.peer_port}")]
        self.add_id(*cluster_ids)
        for port, free in zip((42480, 42481, 42482), free_ports(3)):
            self.pairs.append((f"127.0.0.1:{port}", f"127.0.0.1:{free}"))

    def add_id(self, recorded, actual):
        self.pairs += [(f"{recorded:x}", f"{actual:x}"), (f"{recorded:016x}", f"{actual:016x}"),
                       (str(recorded), str(actual))]

    def actual(self, text):
        return self._replaced(text, self.pairs)

    def recorded(self, text):
        return self._replaced(text, [(to, origin) for origin, to in self.pairs])

    @staticmethod
    def _replaced(text, pairs):
        table = dict(reversed(pairs))
        pattern = "|".join(re.escape(one) for one in sorted(table, key=len, reverse=True))
        return re.sub(rf"(?<![0-9a-f])({pattern})(?![0-9a-f])", lambda one: table[one[0]], text)


class Replay:
    """Replays the captures of one cluster in their order."""

    def __init__(self, names, endpoint, directory, cluster=None):
        self.names, self.endpoint, self.directory = names, endpoint, directory
        self.cluster = cluster
        # The output of the last command.
        self.unmasked = ""

    def arguments(self, line):
        arguments, stdin = words(self.names.actual(line))
        if not any(word.startswith("--endpoints") for word in arguments):
            arguments = ["--endpoints", f"http://{self.endpoint}", *arguments]
        return [our_etcdctl(), *arguments], stdin

    def run(self, line):
        """Status, output and errors of a command line, in the names of the recording."""
        arguments, stdin = self.arguments(line)
        # A member does not count as healthy in its first five seconds.
        deadline = time.monotonic() + 30
        while True:
            result = subprocess.run(
                arguments, capture_output=True, input=stdin.encode(), timeout=30,
                cwd=self.directory, env={"PATH": os.environ["PATH"]})
            if b"etcdserver: unhealthy cluster" not in result.stderr or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        if "xxd" in line:
            text = result.stdout + (result.stderr if result.returncode else b"")
            return result.returncode, text, ""
        self.unmasked = result.stdout.decode("utf-8", "replace")
        return result.returncode, self.text(result.stdout), self.text(result.stderr)

    def text(self, output):
        return self.names.recorded(output.decode("utf-8", "replace").replace("\0", "\\x00"))

    def set_up(self, line):
        """Makes the state: `leader ID` moves the leadership, `member ID` names the member that was
        added last, `alarm KIND ID` raises an alarm, `revision N` reaches a revision; any other
        line is a command."""
        command, _, rest = line.partition(" ")
        match command:
            case "leader":
                lead(self.cluster, self.member(int(rest, 16)))
            case "member":
                self.names.add_id(int(rest, 16), self.newest_member())
                # IDs follow from URLs and second: another member with these URLs, added in the same
                # second, would have the ID of this one, which is removed by then.
                time.sleep(1)
            case "revision":
                while self.cluster.revision() < int(rest):
                    self.change("put filler x")
            case "alarm":
                kind, identity = rest.split()
                self.raise_alarm(kind, int(self.names.actual(identity)))
            case _:
                self.change(line)

    def change(self, line):
        line, _, lease = line.partition(" -> ")
        status, _, errors = self.run(line)
        assert status == 0, f"{line}: {errors}"
        if lease:
            self.learn_lease(f"lease {lease} granted", self.unmasked)

    def learn_lease(self, expected, output):
        """A lease that both granted has one name from now on."""
        pair = [re.match(r"lease ([0-9a-f]{16}) granted", text) for text in (expected, output)]
        if all(pair):
            self.names.add_id(*(int(one[1], 16) for one in pair))

    def member(self, identity):
        return next(one for one in self.cluster
                    if self.names.actual(f"{identity:x}") == one.hex_id)

    def newest_member(self):
        def found():
            return next((one.ID for one in self.cluster.member_list() if not one.name), None)
        return until(found, 60, "an added member")

    def raise_alarm(self, kind, identity):
        self.cluster.members["n1"].stub("Maintenance").Alarm(api.rpc.AlarmRequest(
            action=api.rpc.AlarmRequest.ACTIVATE, memberID=identity,
            alarm=getattr(api.rpc, kind)))

    def follow(self, capture):
        """Runs a command that was ended from outside until it has printed all that was recorded;
        the lines of other commands stand behind `background:`."""
        arguments, _ = self.arguments(capture.line)
        with open(self.directory / "followed", "w+b") as file:
            process = subprocess.Popen(
                arguments, stdout=file, stderr=subprocess.STDOUT, cwd=self.directory,
                stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
            try:
                self._wait_for_watch(process, capture.line)
                if found := re.search(r"\(background: (.*)\)", capture.line):
                    for line in lines(found[1].replace(";", "\n")):
                        self.change(line)
                until(lambda: self._has_printed(file.name, capture), 60,
                      f"{capture.line}: {open(file.name).read()}", pause=0.02)
                process.send_signal(signal.SIGINT)
                process.wait(60)
            finally:
                process.kill()
                process.wait()

    def _wait_for_watch(self, process, line):
        """Waits until the watcher of a watch exists, which must not miss what follows."""
        time.sleep(0.3)
        if "(background: " in line:
            until(lambda: metric(self.cluster.members["n1"], "etcd_debugging_mvcc_watcher_total"),
                  what="the watcher")
        assert process.poll() is None, "the command ended"

    def _has_printed(self, path, capture):
        with open(path, "rb") as file:
            text = self.text(file.read())
        if capture.has_no_text:
            return "\nETCD_WATCH_EVENT_TYPE=\"DELETE\"\n" in text
        return comparable(capture.output) in comparable(text) and text.endswith("\n" * bool(text))
