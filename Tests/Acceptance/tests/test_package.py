"""The package as a dependency: a new package that depends on a tagged clone runs the README's
example."""
import pathlib
import re
import subprocess

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


def readme_example(endpoint):
    """The Swift block of the README, for the endpoint of a test's member."""
    [example] = re.findall(r"```swift\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "127.0.0.1:2379" in example
    return example.replace("127.0.0.1:2379", endpoint)


def test_a_new_package_builds_and_runs_the_example_of_the_readme(member, tmp_path):
    clone = tmp_path / "swift-etcd"
    run("git", "clone", "-q", str(ROOT), str(clone), directory=tmp_path)
    run("git", "tag", "-f", VERSION, directory=clone)
    package = tmp_path / "example"
    (package / "Sources/example").mkdir(parents=True)
    (package / "Package.swift").write_text(MANIFEST.format(clone=clone, version=VERSION))
    (package / "Sources/example/main.swift").write_text(readme_example(member.endpoint))

    run("swift", "build", directory=package)
    assert run(package / ".build/debug/example", directory=package).strip() == "hello"
