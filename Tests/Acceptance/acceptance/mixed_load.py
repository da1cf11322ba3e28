"""A load on a cluster whose members are replaced one by one, and the check of its history."""
import contextlib
import random

from acceptance import checkers, history
from acceptance.cluster import log_errors, until


class Load:
    """Clients on all members of a cluster, and the check of their history."""

    def __init__(self, cluster, path):
        self.cluster = cluster
        self.history = history.History(path)
        self.prober = history.Client(900, self.history, lambda: list(cluster), random.Random(1))
        self.clients = history.start_clients(6, self.history, lambda: list(cluster), seed=1)

    def check_step(self):
        """After a step: all members serve and have the same data, and the clients progress."""
        self.cluster.wait_healthy()
        completed = self.history.completed
        for number, one in enumerate(self.cluster):
            one.etcdctl("endpoint", "health")
            until(lambda: self.prober.perform(
                one, {"put": [f"step/{number}", self.prober.value()]}, 5))
            output = one.etcdctl("get", f"step/{number}", "--print-value-only").stdout
            assert output == f"900-{self.prober.count}\n"
        until(lambda: self.history.completed > completed + 20)
        self.cluster.same_hashes()
        for one in self.cluster:
            assert not log_errors(one), (one.name, one.kind, log_errors(one)[:3])

    def check_history(self):
        history.stop_clients(self.clients)
        for one in self.cluster:
            until(lambda: self.prober.perform(one, {"range": ["a", "z"]}, 10))
        watcher = checkers.Watcher(self.cluster[0])
        watcher.start()
        watcher.wait_for(self.cluster.revision())
        watcher.stop()
        checkers.record_events(watcher, self.history)
        status, text = self.history.check()
        assert status == 0, text

    def close(self):
        for one in self.clients:
            one.stopping.set()
        self.history.close()


@contextlib.contextmanager
def loaded(cluster, path):
    load = Load(cluster, path)
    try:
        yield load
        load.check_history()
    finally:
        load.close()
