"""A real Prometheus with the alert rules of `deploy` watches a cluster that fails and recovers."""
import subprocess

import pytest

from acceptance import api, expressions
from acceptance.cluster import Cluster, metric, until
from acceptance.monitoring import expressions_of_all, panels
from acceptance.prometheus import CONFIGURATION, Prometheus, program

rpc = api.rpc
# Expressions without a value while nothing is wrong.
EMPTY = {"Calls by code other than OK"}


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    one = Cluster(tmp_path_factory.mktemp("watched") / "shared", flags=["--metrics=extensive"])
    try:
        yield one.start()
    finally:
        one.close()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, members):
    until(lambda: all(metric(one, "etcd_network_peer_round_trip_time_seconds_count") >= 2
                      for one in members), 60, "round trips to both peers", pause=1)
    one = Prometheus(tmp_path_factory.mktemp("prometheus") / "data", members)
    try:
        one.wait_for_samples()
        yield one
    finally:
        one.close()


def test_promtool_accepts_rules_and_configuration():
    for check, file in (("rules", "alerts.yaml"), ("config", "prometheus.yaml")):
        result = subprocess.run([program("promtool"), "check", check, CONFIGURATION.parent / file],
                                capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr


def test_every_panel_has_values(prometheus):
    for panel in panels():
        for target in panel["targets"]:
            if panel["title"] not in EMPTY:
                until(lambda: prometheus.query(expressions.with_values(target["expr"])), 30,
                      f"values of {panel['title']}")


def test_every_expression_is_evaluated(prometheus):
    for _, expression in expressions_of_all():
        prometheus.query(expressions.with_values(expression))
    until(lambda: all(rule["health"] == "ok" for rule in prometheus.rules()), 120,
          "an evaluation of every rule")


def test_alerts_follow_what_happens_to_the_cluster(prometheus, members):
    """Pending ones count: most have to last for minutes before they fire."""
    of_a_loss = {"EtcdMemberDown", "EtcdPeerDisconnected"}
    of_no_quorum = {"EtcdQuorumLost", "EtcdNoLeader"}
    first, second, third = [*members.followers(), members.wait_leader()]
    assert not prometheus.alerts() & (of_a_loss | of_no_quorum)

    first.stop()
    until(lambda: of_a_loss <= prometheus.alerts(), 120, "alerts of a member that is down")
    assert not prometheus.alerts() & of_no_quorum
    second.stop()
    until(lambda: of_no_quorum <= prometheus.alerts(), 120, "alerts of a lost quorum")
    members.start([first, second])
    until(lambda: not prometheus.alerts() & (of_a_loss | of_no_quorum), 120, "no alerts")

    alarm = {"memberID": third.id, "alarm": rpc.NOSPACE}
    maintenance = third.stub("Maintenance")
    maintenance.Alarm(rpc.AlarmRequest(action=rpc.AlarmRequest.ACTIVATE, **alarm))
    until(lambda: "EtcdNoSpace" in prometheus.alerts(), 120, "an alert of the alarm")
    maintenance.Alarm(rpc.AlarmRequest(action=rpc.AlarmRequest.DEACTIVATE, **alarm))
    until(lambda: "EtcdNoSpace" not in prometheus.alerts(), 120, "the end of the alert")

    members.remove(first)
    until(lambda: "EtcdMemberDown" in prometheus.alerts(), 120, "the loss of the member")
    until(lambda: "EtcdPeerDisconnected" not in prometheus.alerts(), 120,
          "no alert of a peer that was removed")
