"""The alert rules and the dashboard of `deploy`, and the series that etcd's own select."""
import json
import re

import yaml

from acceptance.members import ROOT

ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/etcd.json"
OF_ETCD = ROOT / "Tests/Acceptance/recorded/mixin_series.txt"


def rules():
    """The alert rules of all groups."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    """The panels of the dashboard that show something."""
    return [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]


def of_etcd():
    """Selectors of etcd's own alerts and dashboards."""
    return [line for line in OF_ETCD.read_text().splitlines() if not line.startswith("#")]


def expressions_of_all():
    """(where, expression) of the alerts, the dashboard with its variables, and etcd's mixin."""
    yield from ((rule["alert"], rule["expr"]) for rule in rules())
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            name = re.fullmatch(r"label_values\((\w+), \w+\)", variable["query"]["query"])[1]
            yield variable["name"], name
    yield from (("etcd's mixin", selector) for selector in of_etcd())
