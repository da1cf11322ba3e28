"""Alert rules and dashboard of `deploy`, and etcd's own: each series that they select exists."""
import re

import promql_parser
import pytest
import yaml

from acceptance import api, expressions
from acceptance.cluster import Cluster, metric, until
from acceptance.members import ROOT
from acceptance.monitoring import ALERTS, expressions_of_all, panels, rules

rpc = api.rpc
# The gauge of an alarm is there once the alarm was raised, as in etcd.
ALARMS = "etcd_debugging_server_alarms"


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    one = Cluster(tmp_path_factory.mktemp("monitoring") / "shared", flags=["--metrics=extensive"])
    try:
        yield one.start()
    finally:
        one.close()


@pytest.fixture(scope="module")
def scraped(members):
    """Samples of the members of a cluster whose members have missed and measured each other."""
    members[2].stop()
    until(lambda: metric(members[0], "etcd_network_peer_sent_failures_total"), 60,
          "a failure of sending")
    members[2].start()
    # Round trips are observed some seconds after members are connected.
    until(lambda: all(metric(one, "etcd_network_peer_round_trip_time_seconds_count") >= 2
                      for one in members), 60, "round trips to both peers", pause=1)
    return {one.name: expressions.samples(one.get("/metrics")[1]) for one in members}


@pytest.mark.parametrize(
    "where, expression", [pytest.param(*one, id=one[0]) for one in expressions_of_all()])
def test_each_expression_is_well_formed_and_selects_series(where, expression, scraped):
    everything = [sample for samples in scraped.values() for sample in samples]
    missing = {one.name for one in expressions.without_series(expression, everything)}
    assert missing <= {ALARMS}, where


def test_every_member_has_the_series_that_alerts_compare(scraped):
    """Beside the peers' series, which a member has for its own peers only."""
    wrong = []
    for rule in rules():
        for name, samples in scraped.items():
            for one in expressions.without_series(rule["expr"], samples):
                if one.name != ALARMS:
                    wrong.append(f"{rule['alert']}: {one.name} of {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["NOSPACE", "CORRUPT"])
def test_a_raised_alarm_has_its_series(kind, cluster):
    stub = cluster.wait_leader().stub("Maintenance")
    alarm = {"memberID": cluster[0].id, "alarm": getattr(rpc, kind)}
    stub.Alarm(rpc.AlarmRequest(action=rpc.AlarmRequest.ACTIVATE, **alarm))
    try:
        selected = [rule["expr"] for rule in rules() if f'alarm_type="{kind}"' in rule["expr"]]
        assert selected
        for one in cluster:
            found = until(lambda: [
                sample for sample in expressions.samples(one.get("/metrics")[1])
                if sample[0] == ALARMS], 60, f"the alarm at {one.name}")
            for expression in selected:
                assert not expressions.without_series(expression, found)
    finally:
        stub.Alarm(rpc.AlarmRequest(action=rpc.AlarmRequest.DEACTIVATE, **alarm))


def test_the_rules_have_the_form_that_prometheus_takes():
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        if "for" in rule:
            promql_parser.parse_duration(rule["for"])
        # A summary names labels that the result of the expression has.
        by = re.search(r"^[^)]*?\bby \(([^)]*)\)", rule["expr"])
        if by:
            kept = set(by[1].split(", "))
            named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
            assert named <= kept, rule["alert"]


def test_each_alert_has_a_name_of_its_own_and_a_section_of_the_guide():
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert anchor == rule["alert"].lower()
        text = (ROOT / page).read_text()
        section = re.search(rf"^### {rule['alert']}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
        assert section and len(section[1].split()) > 20, rule["alert"]
    described = set(re.findall(r"^### (Etcd\w+)$", text, re.M))
    assert described == set(names)


def test_the_panels_name_alerts_that_exist():
    anchors = {f"docs/operating/alerts.md#{rule['alert'].lower()}" for rule in rules()}
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        if panel["description"]:
            assert panel["description"].split(", ")[1] in anchors, panel["title"]


def test_the_scrape_configuration_loads_the_rules():
    configuration = yaml.safe_load((ALERTS.parent / "prometheus.yaml").read_text())
    assert [job["job_name"] for job in configuration["scrape_configs"]] == ["etcd"]
    assert [(ALERTS.parent / name).exists() for name in configuration["rule_files"]] == [True]
