"""Clusters of swift-etcd and real etcd 3.5.1 members with TLS on every wire, under load: ours joins
by a snapshot, leads and sends one; all members are replaced while their certificates are."""
import json
import subprocess

import pytest

from acceptance import api, history
from acceptance.cluster import Cluster, binary, is_3_5, metric, started, until
from acceptance.members import our_etcd
from acceptance.mixed_load import loaded
from acceptance.rotated_files import RotatedFiles
from acceptance.secure import ClientTLS, served_serial

BEYOND_THE_LOG_OF_3_5 = 6_000
BEYOND_OUR_LOG = BEYOND_THE_LOG_OF_3_5 if is_3_5(our_etcd()) else 300
FLAGS = ("--snapshot-count=100", "--snapshot-catchup-entries=50")


class SecureCluster(Cluster):
    """A cluster of real members; every member that is added has its own peer certificate."""

    def __init__(self, directory, certificates, members):
        self.files = RotatedFiles(directory, certificates, members)
        super().__init__(directory / "mixed", ("real",) * 3, [*self.files.flags(), *FLAGS],
                         tls=ClientTLS(certificates.bundle, certificates["cli"]), peer_tls=True)

    def _make(self, kind):
        member = super()._make(kind)
        member.extra_flags = self.files.peer_flags(int(member.name[1:]))
        return member

    def rotate(self):
        """Replaces all certificates; waits until every member serves the new one."""
        for pair in self.files.peers:
            self.files.replace(pair)
        serial = self.files.replace(self.files.server)
        for one in self.running():
            until(lambda: served_serial(one.endpoint, self.tls) == serial, 60,
                  f"the new certificate of {one.name}")


@pytest.fixture
def cluster(tmp_path, certificates):
    one = SecureCluster(tmp_path, certificates, members=6)
    yield started(one)
    one.close()


def prepare_return(cluster):
    """Lowers the version of a cluster of ours where a real 3.6 could not start without it."""
    output = subprocess.run([binary("real"), "--version"], capture_output=True, text=True).stdout
    if "etcd Version: 3.6." not in output:
        return
    wait_version(cluster, "3.7.0")
    leader = cluster.wait_leader()
    leader.stub("Maintenance").Downgrade(
        api.rpc.DowngradeRequest(action=1, version="3.6.0"), timeout=20)  # 1 is ENABLE
    wait_version(cluster, "3.6.0")


def wait_version(cluster, version):
    until(lambda: {json.loads(one.get("/version")[1])["etcdcluster"] for one in cluster}
          == {version})


def test_members_join_by_snapshots_and_are_replaced_while_certificates_are(cluster, tmp_path):
    with loaded(cluster, tmp_path / "history.jsonl") as load:
        history.fill(cluster.wait_leader(), load.history, BEYOND_THE_LOG_OF_3_5)
        ours = cluster.add("ours", learner=True)
        until(lambda: metric(ours, "etcd_network_snapshot_receive_success") >= 1)
        cluster.promote(ours)
        cluster.rotate()
        cluster.move_leader(ours)
        load.check_step()

        # A real member gets a snapshot from ours.
        removed = next(one for one in cluster if one is not ours)
        cluster.remove(removed, via=ours)
        history.fill(ours, load.history, BEYOND_OUR_LOG)
        again = cluster.add("real", learner=True, via=ours)
        until(lambda: metric(again, "etcd_network_snapshot_receive_success") >= 1)
        until(lambda: metric(ours, "etcd_network_snapshot_send_success") >= 1)
        cluster.promote(again, via=ours)
        cluster.rotate()
        load.check_step()

        # The others become ours, one by one, on their directories.
        for one in [one for one in cluster if one.kind == "real"]:
            one.stop()
            one.kind = "ours"
            one.start()
            cluster.rotate()
            load.check_step()
        # And one goes back.
        prepare_return(cluster)
        last = next(one for one in cluster if one is not cluster.wait_leader())
        last.stop()
        last.kind = "real"
        last.start()
        cluster.rotate()
        load.check_step()
