"""Clusters of member processes: started, stopped, partitioned and queried.

The kind of a member is "ours" or "real", and may change between two starts on the same directory.
A real member is etcd 3.5.1, or the program that REAL_ETCD names, such as a 3.6 or 3.7. With
ETCD_BINARY set to a real etcd, "ours" is a real etcd as well.
"""
import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import time

import grpc

from acceptance import api
from acceptance.members import Member, free_ports, our_etcd, tool
from acceptance.peer_proxies import PeerProxies
from acceptance.users import LoggedIn

rpc = api.rpc

# Flags of 3.7 and their names in 3.5.1; None: 3.5.1 has no such flag.
FLAGS_OF_3_5 = {
    "--snapshot-catchup-entries": None,
    "--compaction-batch-limit": "--experimental-compaction-batch-limit",
    "--corrupt-check-time": "--experimental-corrupt-check-time",
    "--watch-progress-notify-interval": "--experimental-watch-progress-notify-interval",
    "--peer-skip-client-san-verification": "--experimental-peer-skip-client-san-verification",
    "--tls-min-version": None,
    "--tls-max-version": None,
}
# Entries that 3.5.1 keeps before its snapshot; it has no flag for it.
CATCHUP_ENTRIES_OF_3_5 = 5000


@functools.cache
def is_3_5(binary):
    output = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout
    return "etcd Version: 3.5." in output


def binary(kind):
    """The program of a kind of member."""
    return {"ours": our_etcd, "real": real_etcd}[kind]()


def real_etcd():
    return os.environ.get("REAL_ETCD") or tool("etcd")


def flags_for(path, flags):
    """The flags of 3.7, translated for the program."""
    if not is_3_5(path):
        return list(flags)
    translated = []
    for flag in flags:
        name, equals, value = flag.partition("=")
        name = FLAGS_OF_3_5.get(name, name)
        if name:
            translated.append(name + equals + value)
    return translated


def until(condition, seconds=60, what="the condition", pause=0.05):
    """Waits until the condition is true and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(pause)
    raise AssertionError(f"timed out after {seconds} s: {what}")


class ClusterMember(Member):
    """One member of a cluster. `id` is known after `learn_ids`."""

    def __init__(self, cluster, name, kind, ports):
        super().__init__("", cluster.directory / f"{name}.etcd", ports=ports, tls=cluster.tls,
                         peer_tls=cluster.peer_tls)
        self.cluster, self.name, self.kind = cluster, name, kind
        self.extra_flags = []
        self.initial_cluster, self.state = "", "new"
        self.advertised_port = self.peer_port
        self._channel = self._channel_as_user = None

    @property
    def peer_url(self):
        return f"{self.peer_scheme}://127.0.0.1:{self.advertised_port}"

    @property
    def id(self):
        return self.cluster.ids[self.name]

    @property
    def hex_id(self):
        return f"{self.id:x}"

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def arguments(self):
        path = binary(self.kind)
        return [
            path, "--name", self.name, "--data-dir", str(self.directory),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", f"{self.peer_scheme}://127.0.0.1:{self.peer_port}",
            "--initial-advertise-peer-urls", self.peer_url,
            "--initial-cluster", self.initial_cluster, "--initial-cluster-state", self.state,
            "--initial-cluster-token", self.cluster.directory.name,
            *flags_for(path, [*self.cluster.flags, *self.extra_flags])]

    @property
    def plain_channel(self):
        """A channel that reconnects with a short backoff while the member is down."""
        if self._channel is None:
            self._channel = self.connect(**RECONNECT)
        return self._channel

    @property
    def channel(self):
        """The channel as the user of the cluster."""
        if not self.cluster.user:
            return self.plain_channel
        if self._channel_as_user is None:
            self._channel_as_user = grpc.intercept_channel(
                self.plain_channel, LoggedIn(self._login_channels, *self.cluster.user))
        return self._channel_as_user

    def _login_channels(self):
        """This member's first; a channel is asked for only if those before it failed."""
        yield self.plain_channel
        yield from (one.plain_channel for one in self.cluster.running() if one is not self)

    def stub(self, service, as_user=True):
        return api.stub(self.channel if as_user else self.plain_channel, service)

    def etcdctl(self, *arguments, **options):
        """etcdctl as the user of the cluster, or as another one that the arguments name."""
        if self.cluster.user and "--user" not in arguments:
            arguments = ("--user", ":".join(self.cluster.user), *arguments)
        return super().etcdctl(*arguments, **options)

    def status(self, seconds=10):
        """The status, or None if the member does not respond."""
        try:
            return self.stub("Maintenance").Status(rpc.StatusRequest(), timeout=seconds)
        except grpc.RpcError:
            return None

    def wait_ready(self, seconds=30):
        """Waits until the member is ready and the channel, possibly in backoff, is connected."""
        super().wait_ready(seconds)
        until(self.status, seconds, f"the status of {self.name}")

    def wipe(self):
        """Removes the data directory of a stopped member."""
        assert not self.is_running
        shutil.rmtree(self.directory)

    def close(self):
        if self._channel:
            self._channel.close()
        super().close()


# Options of a channel that reconnects with a short backoff.
RECONNECT = {
    "grpc.initial_reconnect_backoff_ms": 50, "grpc.min_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 250, "grpc.enable_retries": 0}


def connect(endpoint):
    return api.connect(endpoint, **RECONNECT)


class Cluster:
    """N members named m0, m1, ... in one directory.

    Parameters: the kinds of the initial members, flags of 3.7 for all members, whether peer
    connections go through proxies (`proxies`), and as in Member the TLS of clients and peers.
    """

    def __init__(self, directory, kinds=("ours",) * 3, flags=(), proxies=False, tls=None,
                 peer_tls=False):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.kinds, self.flags = tuple(kinds), list(flags)
        self.tls, self.peer_tls = tls, peer_tls
        # Name and password of the user that the cluster is queried and changed as.
        self.user = None
        self.members = {}
        self.ids = {}
        self.count = 0
        self.proxies = PeerProxies(self._process_ids) if proxies else None
        for kind in kinds:
            self._make(kind)
        urls = ",".join(f"{one.name}={one.peer_url}" for one in self)
        for one in self:
            one.initial_cluster = urls

    def __iter__(self):
        return iter(list(self.members.values()))

    def __getitem__(self, number):
        return list(self.members.values())[number]

    def _process_ids(self):
        return {one.name: one.process.pid for one in self if one.is_running}

    def _make(self, kind):
        name = f"m{self.count}"
        self.count += 1
        member = ClusterMember(self, name, kind, free_ports(2))
        if self.proxies:
            member.advertised_port = self.proxies.open(name, member.peer_port)
        self.members[name] = member
        return member

    # Start and stop

    def start(self, members=None, seconds=60):
        """Starts members together and waits until each serves linearizable reads."""
        members = list(members or self)
        for one in members:
            one.start(wait=False)
        for one in members:
            one.wait_ready(seconds)
            # A cluster rejects joining members until its version is decided.
            until(lambda: "not_decided" not in one.get("/version")[1], seconds, "a cluster version")
        self.learn_ids()
        return self

    def close(self):
        for one in self:
            one.close()
        if self.proxies:
            self.proxies.close()

    def running(self):
        return [one for one in self if one.is_running]

    def kill(self, members):
        for one in members:
            one.process.send_signal(signal.SIGKILL)
        for one in members:
            one.kill()

    # Queries

    def member_list(self, member=None):
        """The member list of one member (not linearizable)."""
        member = member or self.running()[0]
        request = rpc.MemberListRequest(linearizable=False)
        return member.stub("Cluster").MemberList(request, timeout=10).members

    def learn_ids(self, member=None):
        for listed in self.member_list(member):
            for one in self:
                if one.peer_url in listed.peerURLs:
                    self.ids[one.name] = listed.ID

    def leader(self, members=None):
        """The leader that all of these report in the same term, or None."""
        members = list(members or self.running())
        statuses = [one.status() for one in members]
        if not all(statuses) or len({(one.leader, one.raftTerm) for one in statuses}) != 1:
            return None
        return next((one for one in self if self.ids.get(one.name) == statuses[0].leader), None)

    def wait_leader(self, members=None, other_than=None, seconds=60):
        def found():
            leader = self.leader(members)
            return leader if leader is not other_than else None
        return until(found, seconds, "a leader that all members report")

    def followers(self):
        leader = self.wait_leader()
        return [one for one in self.running() if one is not leader]

    def wait_healthy(self, members=None, seconds=60):
        for one in members or self.running():
            one.wait_ready(seconds)

    def revision(self, member=None):
        """The current revision, by a linearizable read, which a change of the leader may end."""
        member = member or self.wait_leader()
        request = rpc.RangeRequest(key=b"\0", range_end=b"\0", count_only=True)

        def read():
            try:
                return member.stub("KV").Range(request, timeout=20).header.revision
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                return None
        return until(read, 60, "a linearizable read")

    def same_hashes(self, members=None, seconds=60):
        """Requires equal HashKV at the current revision on all these members; returns the hash."""
        members = [one for one in members or self.running()
                   if not until(one.status, seconds, f"the status of {one.name}").isLearner]
        revision = self.revision(members[0])
        found = {one.name: until(lambda: hash_at(one, revision), seconds,
                                 f"{one.name} at revision {revision}") for one in members}
        assert len(set(found.values())) == 1, f"HashKV at revision {revision} differs: {found}"
        return next(iter(found.values()))

    # Membership changes, with the unmodified etcdctl

    def etcdctl(self, *arguments, via=None, **options):
        return (via or self.wait_leader()).etcdctl(*arguments, **options)

    def add(self, kind=None, learner=False, via=None, start=True, wait=True):
        """Adds a member with etcdctl and starts it; kinds repeat those of the initial members."""
        member = self._make(kind or self.kinds[self.count % len(self.kinds)])
        # After a change the cluster counts as unhealthy until all have been connected for 5 s.
        output = self.retried("member", "add", member.name, f"--peer-urls={member.peer_url}",
                              *(["--learner"] if learner else []), via=via).stdout
        if added := re.search(r"Member\s+([0-9a-f]+) added", output):
            self.ids[member.name] = int(added.group(1), 16)
            member.initial_cluster = re.search('ETCD_INITIAL_CLUSTER="(.*)"', output).group(1)
        else:
            member.initial_cluster = until(lambda: self._initial_cluster(member, via),
                                           what="the member that was added")
        member.state = "existing"
        if start:
            member.start(wait=False)
            if wait and learner:
                until(lambda: (status := member.status()) and status.leader, 60,
                      f"{member.name} with a leader")
            elif wait:
                member.wait_ready(60)
        return member

    def _initial_cluster(self, added, via):
        """The flag for a member that was added by a call whose response was lost."""
        listed = self.member_list(via)
        self.learn_ids(via)
        return added.name in self.ids and ",".join(
            f"{one.name or added.name}={url}" for one in listed for url in one.peerURLs)

    def promote(self, member, via=None):
        """Promotes a learner, with retries until it is in sync with the leader."""
        self.retried("member", "promote", member.hex_id, via=via)
        member.wait_ready(60)

    def remove(self, member, via=None):
        """Removes a member from the cluster and kills its process."""
        self.retried("member", "remove", member.hex_id, via=via)
        member.close()
        del self.members[member.name]

    def retried(self, *arguments, via=None, seconds=60):
        """Runs etcdctl, with retries while the cluster is not ready for a change.

        A change whose response is lost may be done: then the next attempt says so.
        """
        temporary = ("unhealthy cluster", "in sync with leader", "too many learner", "timed out",
                     "leader changed", "no leader", "deadline exceeded", "not enough started",
                     "not leader")
        lost = ("timed out", "leader changed", "deadline exceeded")
        is_done = {"add": "Peer URLs already exists", "remove": "member not found",
                   "promote": "can only promote a learner member"}.get(arguments[1], "\0")
        may_be_done = False

        def attempt():
            nonlocal may_be_done
            try:
                result = self.etcdctl(*arguments, via=via, check=False)
            except subprocess.TimeoutExpired:
                may_be_done = True
                return None
            if result.returncode == 0:
                return result
            if not any(text in result.stderr for text in temporary):
                if may_be_done and is_done in result.stderr:
                    return result
                raise AssertionError(f"etcdctl {arguments}: {result.stderr}")
            may_be_done = may_be_done or any(text in result.stderr for text in lost)
            return None
        return until(attempt, seconds, f"etcdctl {' '.join(arguments)}", pause=0.3)

    def move_leader(self, member):
        """Moves the leadership, again if it does not stay there."""
        def attempt():
            self.retried("move-leader", member.hex_id)
            with contextlib.suppress(AssertionError):
                return until(lambda: self.leader() is member, 10)
            return None
        until(attempt, 60, f"{member.name} as leader")

    def wait_connected(self):
        """Waits until all members that run have been connected with each other for five seconds:
        only then the cluster counts as healthy for changes of members."""
        running = self.running()
        for one in running:
            until(lambda: metric(one, "etcd_network_active_peers") == len(running) - 1,
                  what=f"the connections of {one.name}")
        time.sleep(5.5)


def started(cluster):
    """Starts a cluster, and closes it if it does not become ready."""
    try:
        return cluster.start()
    except BaseException:
        cluster.close()
        raise


def hash_at(member, revision):
    """(hash, compacted revision) of a member, or None while its revision is smaller."""
    try:
        response = member.stub("Maintenance").HashKV(
            rpc.HashKVRequest(revision=revision), timeout=30)
    except grpc.RpcError as error:
        if "future revision" in (error.details() or ""):
            return None
        raise
    return response.hash, response.compact_revision


# Lines that a healthy etcd 3.6 or 3.7 logs as errors: at each stop, and for each learner that is
# promoted too early.
ERRORS_OF_3_6 = ("setting up serving from embedded etcd failed.",
                 "rejecting promote learner: learner is not ready")


def log_errors(member):
    """Lines of a member's log with the level error, panic or fatal."""
    return [json.dumps(line) for line in member.log_lines()
            if line.get("level") in ("error", "panic", "dpanic", "fatal")
            and not (line["msg"] in ERRORS_OF_3_6 and ".go:" in line["caller"])]


def put_with_lease(lease, kv, key, identity, ttl=1, granted_by=None, metadata=None):
    """Puts a key with a new short lease. If the machine pauses in between, the lease ends before
    the put, and both are made again."""
    def attempt():
        lease.LeaseGrant(rpc.LeaseGrantRequest(ID=identity, TTL=ttl), timeout=20,
                         metadata=granted_by or metadata)
        try:
            return kv.Put(
                rpc.PutRequest(key=key, lease=identity), timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return None
    return until(attempt, what="a put before the end of its lease")


def refusal(call, request, seconds=30, metadata=None):
    """Code and message of a call that must fail."""
    try:
        response = call(request, timeout=seconds, metadata=metadata)
        if hasattr(response, "__next__"):
            response = list(response)
    except grpc.RpcError as error:
        return error.code().name, error.details()
    raise AssertionError(f"the call must fail, but succeeded: {response}")


def metric(member, name):
    """The sum of a metric over its labels, 0 if it is missing."""
    found = 0.0
    for line in member.get("/metrics")[1].splitlines():
        if line.partition("{")[0].partition(" ")[0] == name:
            found += float(line.rsplit(" ", 1)[1])
    return found
