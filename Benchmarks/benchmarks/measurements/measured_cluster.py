"""A cluster that is measured as one server: resource usage is summed."""
import contextlib
import time

import grpc

from acceptance import api
from acceptance.members import free_ports
from benchmarks.measurements import processes

rpc = api.rpc


class ClusterMember(processes.Server):
    """A member of the cluster."""

    def __init__(self, binary, parent, name, initial_cluster, ports, flags, tls=None):
        super().__init__(
            binary, parent / f"{name}.etcd", *flags, ports=ports, tls=tls, peer_tls=bool(tls))
        self.name, self.initial_cluster = name, initial_cluster

    def arguments(self):
        peer = f"{self.peer_scheme}://127.0.0.1:{self.peer_port}"
        return [
            self.binary, "--name", self.name, "--data-dir", str(self.directory),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", self.initial_cluster, *self.flags]

    def status(self):
        """The status, or None without a response within two seconds."""
        with self.connect() as channel:
            with contextlib.suppress(grpc.RpcError):
                return api.stub(channel, "Maintenance").Status(rpc.StatusRequest(), timeout=2)
        return None


class Cluster:
    """A cluster of members of one kind on this machine, measured as one server."""

    def __init__(self, binary, directory, count, *flags, tls=None):
        directory.mkdir(parents=True)
        self.directory = directory
        # As in `Server`.
        self.preparations = set()
        self.client_flags = []
        scheme = "https" if tls else "http"
        ports = {f"m{number}": free_ports(2) for number in range(count)}
        urls = ",".join(f"{name}={scheme}://127.0.0.1:{pair[1]}" for name, pair in ports.items())
        self.members = [
            ClusterMember(binary, directory, name, urls, pair, flags, tls)
            for name, pair in ports.items()]

    def start(self):
        for one in self.members:
            one.start(wait=False)
        for one in self.members:
            one.wait_ready(60)
        return self

    def close(self):
        for one in self.members:
            one.close()

    def running(self):
        return [one for one in self.members if one.process.poll() is None]

    def leader(self, seconds=60):
        """The member that all running members report as leader."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            statuses = {one: one.status() for one in self.running()}
            if all(statuses.values()) and len({one.leader for one in statuses.values()}) == 1:
                for one, status in statuses.items():
                    if status.header.member_id == status.leader:
                        return one
            time.sleep(0.02)
        raise AssertionError(f"no leader within {seconds} s: {self.tail()}")

    def followers(self):
        leader = self.leader()
        return [one for one in self.running() if one is not leader]

    @property
    def endpoint(self):
        """The endpoint of the leader."""
        return self.leader().endpoint

    @property
    def all_endpoints(self):
        return ",".join(one.endpoint for one in self.members)

    def cpu_seconds(self):
        return sum(one.cpu_seconds() for one in self.running())

    def rss_bytes(self):
        return sum(one.rss_bytes() for one in self.running())

    def peak_rss_bytes(self):
        return sum(one.peak_rss_bytes() for one in self.running())

    def context_switches(self):
        return [sum(kind) for kind in zip(*(one.context_switches() for one in self.running()))]

    def tail(self):
        return "\n".join(one.tail(5) for one in self.members)
