"""The manifests of `deploy`: members run with exactly their command lines, paths and addresses, and
their probes are asked as a kubelet or a container engine does."""
import re
import shlex

import pytest
import yaml

from acceptance.cluster import until
from acceptance.machines import ADDRESSES, Machines
from acceptance.members import ROOT

POD = ROOT / "deploy/kubernetes/etcd.yaml"
COMPOSE = ROOT / "deploy/compose/compose.yaml"
# What kubeadm writes instead for an etcd before 3.6, which has no feature gates.
FLAGS_OF_3_5 = {
    "--feature-gates=InitialCorruptCheck=true": "--experimental-initial-corrupt-check=true",
    "--watch-progress-notify-interval=5s": "--experimental-watch-progress-notify-interval=5s"}
FLAGS = "--cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/etcd/client.crt --key=/etc/etcd/client.key"


def versions():
    """The version of this program, and that of the etcd whose place it takes."""
    [source] = (ROOT / "Sources").rglob("EtcdVersion.swift")
    found = dict(re.findall(r'static let (\w+) = "([0-9.]+)"', source.read_text()))
    return found["own"], found["compatible"]


def test_manifests_and_changelog_name_this_version():
    own, compatible = versions()
    [container] = yaml.safe_load(POD.read_text())["spec"]["containers"]
    assert container["image"].endswith(f"/etcd:{compatible}-swift{own}")
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    assert {service["image"] for service in services.values()} == {f"swift-etcd:{own}"}
    assert f"\n## {own}, etcd {compatible}\n" in (ROOT / "CHANGELOG.md").read_text()
    guide = (ROOT / "docs/operating/kubernetes.md").read_text()
    assert f"imageTag: {compatible}-swift{own}\n" in guide


@pytest.fixture
def machines(tmp_path, certificates):
    one = Machines(tmp_path, certificates.ca)
    yield one
    one.close()


class Node:
    """The machine m1 as a node of kubeadm, and the container of the manifest on it."""

    def __init__(self, machines):
        self.machines = machines
        pod = yaml.safe_load(POD.read_text())
        [self.container] = pod["spec"]["containers"]
        self.run("mkdir -p /etc/kubernetes/pki && cp -a /etc/etcd /etc/kubernetes/pki/etcd\n"
                 "chmod 700 /var/lib/etcd\nunset ${!ETCDCTL_*}")

    def run(self, script):
        result = self.machines.run("m1", script)
        assert result.returncode == 0, result.stdout + self.machines.log("m1")
        return result.stdout

    def start(self, program="/opt/swift-etcd", flags=()):
        """Starts the container's command with the programs of one etcd."""
        command = [dict(flags).get(one, one) for one in self.container["command"]]
        self.run(f"PATH={program}:$PATH\nsetsid {shlex.join(command)} "
                 "</dev/null >>/var/log/etcd.log 2>&1 &\necho $! >/run/etcd.pid")

    def stop(self):
        self.run("kill $(cat /run/etcd.pid)\n"
                 "while [ -e /proc/$(cat /run/etcd.pid)/exe ]; do sleep 0.02; done")

    def succeeds(self, probe):
        """A probe of the container as a kubelet makes it: a status from 200 to 399."""
        get = self.container[probe]["httpGet"]
        [port] = [port["containerPort"] for port in self.container["ports"]
                  if port["name"] == get["port"]]
        shown = self.machines.run(
            "m1", f"curl -s -o /dev/null -w '%{{http_code}}' --max-time "
            f"{self.container[probe]['timeoutSeconds']} "
            f"{get['scheme'].lower()}://{get['host']}:{port}{get['path']} || true")
        return 200 <= int(shown.stdout.strip().splitlines()[-1]) < 400

    def etcdctl(self, command):
        """As kube-apiserver on the same node does."""
        return self.run(f"etcdctl --endpoints=https://127.0.0.1:2379 {FLAGS} {command}")


@pytest.fixture
def node(machines):
    return Node(machines)


def test_the_files_of_the_pod_are_in_its_volumes():
    pod = yaml.safe_load(POD.read_text())
    [container] = pod["spec"]["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"]: volume["hostPath"]["path"]
                      for volume in pod["spec"]["volumes"]}
    paths = [flag.partition("=")[2] for flag in container["command"]
             if flag.split("=")[0].endswith(("-file", "-dir"))]
    assert len(paths) == 7
    assert all(path.startswith(tuple(mounts.values())) for path in paths)


def test_the_pod_serves_and_its_probes_see_what_a_kubelet_needs(node):
    node.start()
    until(lambda: node.succeeds("startupProbe"), 60, "the startup probe")
    assert node.succeeds("livenessProbe") and node.succeeds("readinessProbe")
    assert node.etcdctl("put /registry/pods/default/a 1") == "OK\n"
    # A pod without space goes on; one with wrong data is not ready, and is not restarted for it.
    member = node.etcdctl("member list").split(",")[0]
    for kind, is_ready in ((1, True), (2, False)):
        alarm = f'{{"action":"%s","memberID":"{int(member, 16)}","alarm":{kind}}}'
        ask = ("curl -s --cacert /etc/etcd/ca.crt --cert /etc/etcd/client.crt --key "
               "/etc/etcd/client.key https://127.0.0.1:2379/v3/maintenance/alarm -d '")
        node.run(ask + alarm % "ACTIVATE" + "'")
        assert node.succeeds("livenessProbe")
        assert node.succeeds("readinessProbe") == is_ready
        node.run(ask + alarm % "DEACTIVATE" + "'")
    assert node.succeeds("readinessProbe")
    node.stop()


def test_a_pod_takes_over_the_directory_of_etcd_3_5_and_gives_it_back(node):
    node.start("/opt/etcd-3.5", FLAGS_OF_3_5.items())
    until(lambda: "true" in node.machines.run(
        "m1", "curl -s http://127.0.0.1:2381/health").stdout, 60, "etcd 3.5")
    node.etcdctl("put /registry/a 1")
    node.stop()
    node.start()
    until(lambda: node.succeeds("startupProbe"), 60, "the startup probe")
    assert node.etcdctl("get /registry/a --print-value-only") == "1\n"
    node.etcdctl("put /registry/b 2")
    node.stop()
    node.start("/opt/etcd-3.5", FLAGS_OF_3_5.items())
    until(lambda: "true" in node.machines.run(
        "m1", "curl -s http://127.0.0.1:2381/health").stdout, 60, "etcd 3.5")
    assert node.etcdctl("get /registry/b --print-value-only") == "2\n"
    node.stop()


def test_the_services_of_the_compose_file_are_a_healthy_cluster(machines):
    """The network of the services is that of the machines, whose addresses replace 0.0.0.0."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    hosts = "".join(f"{address} {name}\\n" for name, address in ADDRESSES.items())
    for name, service in services.items():
        assert service["hostname"] == name
        [volume] = service["volumes"]
        assert volume == f"{name}:/var/lib/etcd"
        variables = {key: value.replace("0.0.0.0", ADDRESSES[name])
                     for key, value in service["environment"].items()}
        started = machines.run(
            name, f"printf '{hosts}' >/etc/hosts\nunset ${{!ETCDCTL_*}}\n"
            + "\n".join(f"export {key}={shlex.quote(value)}" for key, value in variables.items())
            + "\nsetsid etcd </dev/null >>/var/log/etcd.log 2>&1 &")
        assert started.returncode == 0, started.stdout
    for name, service in services.items():
        program, *check = service["healthcheck"]["test"]
        assert program == "CMD"
        until(lambda: machines.run(name, shlex.join(check)).returncode == 0, 60,
              f"the health check of {name}")
    listed = machines.run("m1", "etcdctl member list").stdout
    assert all(f"started, {name}, http://{name}:2380" in listed for name in services)
