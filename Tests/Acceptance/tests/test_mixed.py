"""Clusters of swift-etcd and real etcd 3.5.1 members, under load: swift-etcd joins, leads, replaces
all members and is replaced. After every step all members have the same HashKV and serve etcdctl.
"""
import pytest

from acceptance import faults, history
from acceptance.cluster import metric, until
from acceptance.faults import FaultInjector
from acceptance.mixed_load import loaded

REAL = ("real",) * 3
# Small enough for ours to send snapshots; 3.5.1 always keeps 5,000 entries.
FLAGS = ("--snapshot-count=100", "--snapshot-catchup-entries=50")
BEYOND_THE_LOG_OF_3_5 = 6_000


def end(member):
    """kill -9 for ours. A real member is stopped, since 3.5.1 may lose writes when it is killed: it
    persists the index of an entry before its changes (etcd-io/etcd issue 13766)."""
    if member.kind == "ours":
        member.kill()
    else:
        member.stop()


@pytest.fixture
def real_cluster(make_cluster):
    return make_cluster(*FLAGS, kinds=REAL)


def test_ours_joins_real_members_by_snapshot_leads_them_and_sends_them_a_snapshot(
        real_cluster, tmp_path):
    cluster = real_cluster
    with loaded(cluster, tmp_path / "history.jsonl") as load:
        history.fill(cluster.wait_leader(), load.history, BEYOND_THE_LOG_OF_3_5)
        ours = cluster.add("ours", learner=True)
        until(lambda: metric(ours, "etcd_network_snapshot_receive_success") >= 1)
        cluster.promote(ours)
        load.check_step()

        cluster.move_leader(ours)
        load.check_step()
        wiped = cluster.followers()[0]
        cluster.kill([wiped])
        wiped.wipe()
        cluster.remove(wiped, via=ours)
        history.fill(ours, load.history, 300)
        again = cluster.add("real", learner=True, via=ours)
        until(lambda: metric(again, "etcd_network_snapshot_receive_success") >= 1)
        until(lambda: metric(ours, "etcd_network_snapshot_send_success") >= 1)
        cluster.promote(again, via=ours)
        load.check_step()

        # The real members serve without ours, and with it again.
        cluster.kill([ours])
        until(lambda: cluster.leader() not in (None, ours))
        ours.start()
        load.check_step()


def test_real_members_are_replaced_by_ours_and_ours_by_real_ones(real_cluster, tmp_path):
    cluster = real_cluster
    with loaded(cluster, tmp_path / "history.jsonl") as load:
        history.fill(cluster.wait_leader(), load.history, 500)
        for kind in ("ours", "real"):
            while other := next((one for one in cluster if one.kind != kind), None):
                new = cluster.add(kind, learner=True)
                cluster.promote(new)
                # A leader transfers leadership before it is removed.
                if cluster.wait_leader() is other:
                    cluster.move_leader(new)
                cluster.remove(other, via=new)
                load.check_step()
            assert [one.kind for one in cluster] == [kind] * 3
            for one in cluster:
                end(one)
            cluster.start()
            load.check_step()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_members_switch_programs_on_the_same_directory(real_cluster, tmp_path, how):
    cluster = real_cluster
    with loaded(cluster, tmp_path / "history.jsonl") as load:
        history.fill(cluster.wait_leader(), load.history, 500)
        for kind in ("ours", "real"):
            for one in cluster:
                if how == "stopped":
                    one.stop()
                else:
                    end(one)
                one.kind = kind
                one.start()
                load.check_step()
            cluster.move_leader(cluster.followers()[0])
            load.check_step()


@pytest.mark.parametrize("kinds", [("ours", "real", "real"), ("real", "ours", "ours")],
                         ids=",".join)
def test_mixed_clusters_lose_nothing_during_partitions_and_freezes(kinds):
    faults.run(seed=3, kinds=kinds, faults=[
        FaultInjector.isolate_leader, FaultInjector.freeze_leader,
        FaultInjector.hold_messages_to_leader, FaultInjector.slow_and_broken_connections,
        FaultInjector.replace_wiped_member, FaultInjector.hold_messages_from_leader])
