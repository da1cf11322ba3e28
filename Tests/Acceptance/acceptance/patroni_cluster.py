"""PostgreSQL under Patroni, whose state is in etcd: reached by its JSON gateway, over TLS, as a user.

Patroni and its driver are from PyPI, PostgreSQL from Debian. PostgreSQL does not run as root: as
root everything but etcd runs as the user `postgres`.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import psycopg

from acceptance import api, users
from acceptance.cluster import Cluster, until
from acceptance.members import free_ports
from acceptance.secure import ClientTLS, server_flags

PASSWORD = "patroni-password"
USER = "postgres"


def programs():
    """The folder with PostgreSQL's programs."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise FileNotFoundError("PostgreSQL: run `make setup` first")
    return found[-1].parent


def as_postgres(*command):
    if os.getuid() != 0:
        return list(command)
    # Python may be in a home directory that only root can read.
    reads = "+dac_read_search"
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups",
            f"--inh-caps={reads}", f"--ambient-caps={reads}", *command]


class Node:
    """One PostgreSQL server and the Patroni that runs it."""

    def __init__(self, folder, number, hosts, authority, parameters):
        self.name = f"p{number}"
        self.folder = folder / self.name
        self.folder.mkdir()
        self.port, self.rest_port = free_ports(2)
        self.process = None
        self.configuration = self.folder / "patroni.json"
        self.configuration.write_text(json.dumps(self.settings(hosts, authority, parameters)))
        if os.getuid() == 0:
            shutil.chown(self.folder, USER, USER)

    def settings(self, hosts, authority, parameters):
        local = {"username": "postgres", "password": "postgres-password"}
        replication = {"username": "replicator", "password": "replication-password"}
        return {
            "scope": "acceptance", "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.rest_port}",
                        "connect_address": f"127.0.0.1:{self.rest_port}"},
            "etcd3": {"hosts": hosts, "protocol": "https", "cacert": str(authority),
                      "username": "patroni", "password": PASSWORD},
            "bootstrap": {
                "dcs": {"ttl": 20, "loop_wait": 1, "retry_timeout": 3, **parameters},
                "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}", "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.folder / "data"), "bin_dir": str(programs()),
                "pgpass": str(self.folder / "pgpass"), "use_pg_rewind": True,
                "authentication": {"superuser": local, "replication": replication},
                "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 trust",
                           "host replication all 127.0.0.1/32 trust"],
                "parameters": {"unix_socket_directories": str(self.folder), "fsync": "off",
                               "shared_buffers": "16MB", "max_connections": 30},
            },
        }

    def start(self):
        self.log = open(self.folder / "patroni.log", "ab")
        self.process = subprocess.Popen(
            as_postgres(sys.executable, "-m", "patroni", str(self.configuration)),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    def postmaster(self):
        """The process ID of PostgreSQL; None if it does not run."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "data/postmaster.pid").read_text().splitlines()[0])
        return None

    def kill(self):
        """Kills Patroni and PostgreSQL as a power failure would."""
        postmaster = self.postmaster()
        self.process.kill()
        self.process.wait()
        self.log.close()
        if postmaster:
            with contextlib.suppress(ProcessLookupError):
                os.kill(postmaster, signal.SIGKILL)
            until(lambda: not pathlib.Path(f"/proc/{postmaster}").exists(), what="PostgreSQL's end")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def sql(self, statement):
        """The rows of a statement."""
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", dbname="postgres",
                             connect_timeout=5, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def tail(self):
        return "\n".join((self.folder / "patroni.log").read_text().splitlines()[-15:])


class PatroniCluster:
    """Three members of etcd with TLS and users, and PostgreSQL nodes that use them."""

    def __init__(self, folder, certificates, nodes=3):
        authority = folder / "ca.pem"
        shutil.copy(certificates.ca.path, authority)
        self.etcd = Cluster(
            folder / "etcd", flags=["--bcrypt-cost=4", *server_flags(certificates["srv"])],
            tls=ClientTLS(authority))
        hosts = [one.endpoint for one in self.etcd]
        self.nodes = [Node(folder, number, hosts, authority, {}) for number in range(nodes)]

    def start(self):
        self.etcd.start()
        with self.etcd[0].connect() as channel:
            users.setup(api.stub(channel, "Auth"),
                        [("patroni", PASSWORD, [(2, b"/service/", b"/service0")])])
        self.etcd.user = ("root", "rootpw")
        for node in self.nodes:
            node.start()
        return self

    def close(self):
        for node in self.nodes:
            node.stop()
        self.etcd.close()

    def state(self):
        """Role and state of each node, as a node that runs knows them."""
        for node in self.nodes:
            if node.process.poll() is not None:
                continue
            with contextlib.suppress(OSError, ValueError, urllib.error.HTTPError):
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{node.rest_port}/cluster", timeout=3) as response:
                    members = json.load(response)["members"]
                    return {one["name"]: (one["role"], one["state"]) for one in members}
        return {}

    def leader(self, replicas, besides=None, seconds=90):
        """Waits for a leader with this many replicas that stream, and returns it."""
        def found():
            state = self.state()
            leaders = [name for name, one in state.items() if one == ("leader", "running")]
            streaming = [name for name, one in state.items()
                         if one[0] == "replica" and one[1] == "streaming"]
            if len(leaders) != 1 or leaders[0] == besides or len(streaming) < replicas:
                return None
            node = next(one for one in self.nodes if one.name == leaders[0])
            # A node that takes over leads before it is writable.
            with contextlib.suppress(psycopg.Error):
                return node if node.sql("SELECT pg_is_in_recovery()") == [(False,)] else None
            return None
        try:
            return until(found, seconds, "a leader with its replicas")
        except AssertionError as error:
            logs = "\n".join(f"{node.name}: {node.tail()}" for node in self.nodes)
            raise AssertionError(f"{error}\n{self.state()}\n{logs}") from None


@contextlib.contextmanager
def folder():
    """A folder that PostgreSQL's user can reach."""
    with tempfile.TemporaryDirectory(prefix="patroni-", dir="/tmp") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        yield path


def failover(folder, certificates, nodes=3, report=print):
    """The leader of a new cluster is killed: another one has its data, and it comes back.

    A member of etcd that is killed in between changes nothing.
    """
    cluster = PatroniCluster(folder, certificates, nodes)
    try:
        leader = cluster.start().leader(nodes - 1)
        report(f"{leader.name} leads")
        leader.sql("CREATE TABLE kept (number integer)")
        leader.sql("INSERT INTO kept VALUES (1)")
        others = [node for node in cluster.nodes if node is not leader]
        for node in others:
            until(lambda node=node: rows(node) == [(1,)], what=f"the row at {node.name}")

        cluster.etcd.kill([cluster.etcd[0]])
        # On a busy machine the leader may step down until etcd serves again.
        leader = cluster.leader(nodes - 1)
        others = [node for node in cluster.nodes if node is not leader]
        leader.sql("INSERT INTO kept VALUES (2)")
        for node in others:
            until(lambda node=node: rows(node) == [(1,), (2,)], what=f"the row at {node.name}")

        leader.kill()
        successor = cluster.leader(nodes - 2, besides=leader.name)
        report(f"{leader.name} was killed, {successor.name} leads")
        assert rows(successor) == [(1,), (2,)]
        successor.sql("INSERT INTO kept VALUES (3)")
        cluster.etcd.start([cluster.etcd[0]])

        leader.start()
        assert cluster.leader(nodes - 1) is successor
        until(lambda: rows(leader) == [(1,), (2,), (3,)], what=f"the rows at {leader.name}")
        report(f"{leader.name} is back and follows")
    finally:
        cluster.close()


def rows(node):
    try:
        return sorted(node.sql("SELECT number FROM kept"))
    except psycopg.Error:
        return None
