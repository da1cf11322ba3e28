"""A Prometheus with the rules of `deploy` that scrapes the members of a cluster every second."""
import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request

import yaml

from acceptance.cluster import until
from acceptance.members import ROOT, free_ports

CONFIGURATION = ROOT / "deploy/prometheus/prometheus.yaml"


def program(name):
    """Path of `prometheus` or `promtool`: from PATH, else where setup.sh puts them."""
    return shutil.which(name) or str(ROOT / ".venv/prometheus/usr/bin" / name)


class Prometheus:
    """The process, with its data in a directory that must not exist yet."""

    def __init__(self, directory, members):
        self.members = list(members)
        configuration = yaml.safe_load(CONFIGURATION.read_text())
        [job] = configuration["scrape_configs"]
        job["scrape_interval"] = "1s"
        job["static_configs"][0]["targets"] = [one.endpoint for one in self.members]
        configuration["rule_files"] = [
            str(CONFIGURATION.parent / name) for name in configuration["rule_files"]]
        configuration["global"] = {"evaluation_interval": "1s"}
        directory.mkdir(parents=True)
        (directory / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
        [self.port] = free_ports(1)
        self.log = open(directory / "log", "wb")
        self.process = subprocess.Popen(
            [program("prometheus"), f"--config.file={directory}/prometheus.yaml",
             f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=directory,
            env={"PATH": os.environ["PATH"]})

    def get(self, path, **parameters):
        """The data of a response of its HTTP API."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            found = json.load(response)
        assert found["status"] == "success", found
        return found["data"]

    def query(self, expression):
        """The series of the result at this moment."""
        return self.get("query", query=expression)["result"]

    def wait_for_samples(self, count=5):
        """Waits until every member was scraped several times, so that rates have values."""
        def are_there():
            try:
                found = self.query(f'count_over_time(up{{job="etcd"}}[1m]) >= {count}')
            except OSError:
                return False
            return len(found) == len(self.members)

        until(are_there, 120, "samples of all members", pause=0.5)

    def rules(self):
        """The rules of all groups, with the health of their last evaluation."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def alerts(self):
        """Names of the alerts that are pending or firing."""
        return {one["labels"]["alertname"] for one in self.get("alerts")["alerts"]}

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
