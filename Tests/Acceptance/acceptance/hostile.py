"""A cluster whose leader is attacked: what others must still see, and how much memory it takes."""
import contextlib
import time

from acceptance.cluster import Cluster, started
from acceptance.greedy import PeakMemory, Puts
from acceptance.members import free_ports
from acceptance.secure import ClientTLS, peer_flags, server_flags

MEGABYTE = 1_000_000
# A put of another client during an attack, in seconds: 95 of 100, and the slowest. The members, the
# attacker and the other client share one machine.
PUT_SECONDS = 1
PUT_SECONDS_MAX = 3


class Attacked:
    """Three members with TLS on every wire; the leader is the victim. It has a plain client port,
    too."""

    def __init__(self, directory, certificates):
        self.tls = ClientTLS(certificates.ca.path, certificates["cli"])
        self.peer_tls = ClientTLS(certificates.ca.path, certificates["peer-m1"])
        self.cluster = Cluster(
            directory / "attacked", ("ours",) * 3,
            [*server_flags(certificates["srv"], certificates.ca.path),
             *peer_flags(certificates["peer-m1"], certificates.ca.path)],
            tls=self.tls, peer_tls=True)
        self.plain_ports, self.metrics_ports = {}, {}
        for one in self.cluster:
            plain, metrics, secure_metrics = free_ports(3)
            self.plain_ports[one.name] = plain
            self.metrics_ports[one.name] = (metrics, secure_metrics)
            one.extra_flags = [
                f"--listen-client-urls={one.url},http://127.0.0.1:{plain}",
                f"--listen-metrics-urls=http://127.0.0.1:{metrics},"
                f"https://127.0.0.1:{secure_metrics}"]
        started(self.cluster)
        self.victim = self.cluster.wait_leader()

    @property
    def plain_port(self):
        return self.plain_ports[self.victim.name]

    @contextlib.contextmanager
    def attack(self, megabytes, seconds_min=0.5):
        """While this is open, puts of another client are timed and the victim's memory is measured.

        Afterwards the memory must not have grown by more than `megabytes`, the puts must have been
        in time, and the leader must be the same in the same term: its heartbeats were on time.
        """
        self.victim = self.cluster.wait_leader()
        term = self.victim.status().raftTerm
        # New connections are served as well as old ones.
        with PeakMemory(self.victim) as memory, Puts(self.victim) as puts:
            puts.wait(5)
            begin = time.monotonic()
            yield memory
            with Puts(self.victim) as fresh:
                while len(fresh.delays) < 5 or time.monotonic() - begin < seconds_min:
                    assert fresh.failure is None, fresh.failure
                    time.sleep(0.01)
            puts.wait()
        puts.assert_no_delay(PUT_SECONDS_MAX)
        assert sorted(puts.delays)[len(puts.delays) * 95 // 100] < PUT_SECONDS
        status = self.victim.status()
        assert (status.raftTerm, status.leader) == (term, status.header.member_id)
        print(f"grew by {memory.growth / MEGABYTE:.1f} MB; slowest put {max(puts.delays):.3f} s")
        assert memory.growth < megabytes * MEGABYTE, f"grew by {memory.growth / MEGABYTE:.0f} MB"

    def close(self):
        self.cluster.close()
