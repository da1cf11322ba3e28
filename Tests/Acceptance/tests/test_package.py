"""The package as a dependency: packages that use its client library are built and run.

One is made of the README's example and depends on a tagged clone, the others are the packages of
`Examples`. All are built in one scratch directory, so that the libraries below are built once.
"""
import functools
import pathlib
import re
import signal
import subprocess

import pytest

from acceptance import api
from acceptance.cluster import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
VERSION = "0.1.0"
MANIFEST = """\
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "example",
    dependencies: [.package(url: "file://{clone}", from: "{version}")],
    targets: [
        .executableTarget(
            name: "example", dependencies: [.product(name: "EtcdClient", package: "swift-etcd")])
    ])
"""


def run(*command, directory):
    result = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=1800)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """build(package) builds a package once and returns the directory of its programs."""
    scratch = tmp_path_factory.mktemp("build")

    @functools.cache
    def build(package):
        # The build must not delay tests that run beside it.
        run("nice", "-n", "19", "swift", "build", "--scratch-path", str(scratch),
            directory=package)
        return scratch / "debug"

    return build


def readme_example(endpoint):
    """The Swift block of the README, for the endpoint of a test's member."""
    [example] = re.findall(r"```swift\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "127.0.0.1:2379" in example
    return example.replace("127.0.0.1:2379", endpoint)


def test_a_new_package_builds_and_runs_the_example_of_the_readme(member, tmp_path, build):
    clone = tmp_path / "swift-etcd"
    run("git", "clone", "-q", str(ROOT), str(clone), directory=tmp_path)
    run("git", "tag", "-f", VERSION, directory=clone)
    package = tmp_path / "example"
    (package / "Sources/example").mkdir(parents=True)
    (package / "Package.swift").write_text(MANIFEST.format(clone=clone, version=VERSION))
    (package / "Sources/example/main.swift").write_text(readme_example(member.endpoint))

    assert run(build(package) / "example", directory=package).strip() == "hello"
    resolved = (package / "Package.resolved").read_text()
    # What only package traits need is not even fetched without them.
    assert "swift-nio" in resolved
    assert "tracing" not in resolved and "lifecycle" not in resolved


class Program:
    """A running program of an example; its log lines are what it shows."""

    def __init__(self, path, log, *arguments):
        self.log = log
        with open(log, "wb") as file:
            self.process = subprocess.Popen([path, *arguments], stderr=file)

    def wait_for(self, text):
        def is_shown():
            assert self.process.poll() is None, self.log.read_text()
            return text in self.log.read_text()

        until(is_shown, 60, f"{text!r} in {self.log}")

    def stop(self):
        """Ends it as a supervisor does, and returns all of its log."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, self.log.read_text()
        return self.log.read_text()


@pytest.fixture
def start_example(build, tmp_path):
    """start_example(name, *arguments) builds and starts the program of an example."""
    programs = []

    def start(name, *arguments):
        path = build(ROOT / "Examples" / name) / name
        programs.append(Program(path, tmp_path / f"{len(programs)}.log", *arguments))
        return programs[-1]

    yield start
    for one in programs:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def keys(member):
    with member.connect() as channel:
        yield api.stub(channel, "KV")


def test_the_configuration_watcher_follows_changes(member, keys, start_example):
    keys.Put(api.rpc.PutRequest(key=b"config/color", value=b"blue"))
    watcher = start_example("ConfigurationWatcher", member.endpoint, "config/")
    watcher.wait_for("configuration: config/color=blue\n")
    keys.Put(api.rpc.PutRequest(key=b"config/size", value=b"10"))
    watcher.wait_for("configuration: config/color=blue config/size=10\n")
    keys.DeleteRange(api.rpc.DeleteRangeRequest(key=b"config/color"))
    watcher.wait_for("configuration: config/size=10\n")
    watcher.stop()


def test_one_elected_worker_works_and_another_follows(member, keys, start_example):
    first = start_example("ElectedWorker", member.endpoint, "first")
    first.wait_for("first has done job 2")
    second = start_example("ElectedWorker", member.endpoint, "second")
    first.process.kill()
    second.wait_for("second leads")
    second.wait_for("second has done job")
    assert "second resigns" in second.stop()
    jobs = keys.Range(api.rpc.RangeRequest(key=b"jobs/", range_end=b"jobs0")).kvs
    workers = {pair.key: pair.value for pair in jobs}
    last = int(workers.pop(b"jobs/last"))
    numbers = [b"jobs/%d" % number for number in range(1, last + 1)]
    assert sorted(workers) == sorted(numbers)
    # Each job is done once, the earlier ones by the first worker.
    done = [workers[number] for number in numbers]
    assert done == sorted(done) and set(done) == {b"first", b"second"}
    assert all(pair.version == 1 for pair in jobs if pair.key != b"jobs/last")


def test_the_service_registry_knows_the_running_instances(member, start_example):
    one = start_example("ServiceRegistry", member.endpoint, "web", "10.0.0.1:80")
    one.wait_for("instances: 10.0.0.1:80\n")
    two = start_example("ServiceRegistry", member.endpoint, "web", "10.0.0.2:80")
    for registry in (one, two):
        registry.wait_for("instances: 10.0.0.1:80 10.0.0.2:80\n")
    log = one.stop()
    assert "deregistered 10.0.0.1:80" in log
    assert re.search(r"calls: .*etcdserverpb.KV/Put.*etcdserverpb.Lease/LeaseGrant", log)
    two.wait_for("instances: 10.0.0.2:80\n")
    two.stop()
