"""The packages of a release build: complete, reproducible, installed and removed, run as they are.

Installation happens in a copy-on-write view of this machine's files, which is dropped afterwards.
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest

from acceptance.members import ROOT, free_ports

PROGRAMS = ["etcd", "etcdctl", "etcdutl"]

# The release build must have ended, and packing takes both cores.
pytestmark = pytest.mark.alone


def make(into, *options, umask=-1, **variables):
    result = subprocess.run(
        [sys.executable, ROOT / "Scripts/package.py", "--into", into, *options],
        capture_output=True, text=True, timeout=600, umask=umask,
        env={**os.environ, **variables})
    assert result.returncode == 0, result.stdout + result.stderr
    return into


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    return make(tmp_path_factory.mktemp("packages"))


def one(directory, pattern):
    [found] = directory.glob(pattern)
    return found


def test_the_same_build_gives_the_same_bytes(packages, tmp_path):
    """Also from another directory, with other times of the files, and for another user."""
    build = tmp_path / "build"
    build.mkdir()
    for name in PROGRAMS:
        shutil.copyfile(ROOT / ".build/release" / name, build / name)
        (build / name).chmod(0o700)
    again = make(tmp_path / "packages", "--build", build, umask=0o077, TZ="Pacific/Auckland",
                 LC_ALL="C", PYTHONHASHSEED="7", HOME="/nowhere")
    names = sorted(path.name for path in packages.iterdir())
    assert len(names) == 4 and names == sorted(path.name for path in again.iterdir())
    assert (packages / "SHA256SUMS").read_bytes() == (again / "SHA256SUMS").read_bytes()
    for line in (packages / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((packages / name).read_bytes()).hexdigest() == digest


def test_the_tarball_has_programs_that_need_the_c_library_alone(packages, tmp_path):
    with tarfile.open(one(packages, "*.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    directory = one(tmp_path, "swift-etcd-*")
    assert (directory / "LICENSE").exists() and (directory / "docs/README.md").exists()
    assert (directory / "CHANGELOG.md").exists() and (directory / "SECURITY.md").exists()
    for name in ["systemd/etcd.service", "prometheus/alerts.yaml", "grafana/etcd.json",
                 "kubernetes/etcd.yaml", "compose/compose.yaml"]:
        assert (directory / "deploy" / name).exists()
    for name in PROGRAMS:
        shown = subprocess.run(["ldd", directory / name], capture_output=True, text=True).stdout
        libraries = {line.split()[0].split("/")[-1].split(".")[0] for line in shown.splitlines()}
        assert libraries == {"linux-vdso", "libc", "libm", "ld-linux-x86-64"}, shown
        version = "version" if name != "etcd" else "--version"
        assert "3.7.1" in subprocess.run(
            [directory / name, version], capture_output=True, text=True, check=True).stdout


# Runs a script on a view of this machine's files; what it changes is kept in memory.
ISOLATED = """
set -e
mount -t tmpfs tmpfs "$VIEW"
mkdir "$VIEW/upper" "$VIEW/work" "$VIEW/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$VIEW/upper,workdir=$VIEW/work" "$VIEW/root"
mount --bind /dev "$VIEW/root/dev"
mount -t proc proc "$VIEW/root/proc"
cp "$PACKAGE" "$VIEW/root/package.deb"
exec chroot "$VIEW/root" /bin/sh -ec "$SCRIPT"
"""

INSTALLED = """
dpkg -i /package.deb
[ "$(stat -c '%U %a' /var/lib/etcd)" = 'etcd 700' ]
for file in /lib/systemd/system/etcd.service /etc/default/etcd \\
    /usr/share/bash-completion/completions/etcdctl /usr/share/doc/swift-etcd/copyright \\
    /usr/share/doc/swift-etcd/deploy/prometheus/alerts.yaml; do
    [ -f "$file" ]
done

# As the service does: its user, directory, variables and command.
unit() { sed -n "s/^$1=//p" /lib/systemd/system/etcd.service; }
[ "$(unit Type)" = notify ]
set -a; . "$(unit EnvironmentFile | tr -d -)"; set +a
export ETCD_LISTEN_CLIENT_URLS=http://127.0.0.1:$CLIENT_PORT
export ETCD_ADVERTISE_CLIENT_URLS=$ETCD_LISTEN_CLIENT_URLS
export ETCD_LISTEN_PEER_URLS=http://127.0.0.1:$PEER_PORT
export ETCD_INITIAL_ADVERTISE_PEER_URLS=$ETCD_LISTEN_PEER_URLS
export ETCD_INITIAL_CLUSTER=default=$ETCD_LISTEN_PEER_URLS
cd "$(unit WorkingDirectory)"
setpriv --reuid="$(unit User)" --regid="$(unit Group)" --clear-groups $(unit ExecStart) 2>/log &
for attempt in $(seq 100); do
    etcdctl --endpoints "$ETCD_LISTEN_CLIENT_URLS" put kept 1 2>/errors && break
    sleep 0.2
done
etcdctl --endpoints "$ETCD_LISTEN_CLIENT_URLS" get kept || { cat /log /errors; exit 1; }
kill $!
wait $! || [ $? = 143 ]

echo 'ETCD_NAME=changed' >> /etc/default/etcd
dpkg -r swift-etcd
[ ! -e /usr/bin/etcd ]
grep -q ETCD_NAME=changed /etc/default/etcd
dpkg -P swift-etcd
[ ! -e /etc/default/etcd ]
# Only an operator deletes data.
[ -d /var/lib/etcd/default.etcd/member ]
"""


def test_the_debian_package_is_installed_serves_and_is_removed(packages, tmp_path):
    client, peer = free_ports(2)
    result = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", ISOLATED],
        capture_output=True, text=True, timeout=120,
        env={"PATH": os.environ["PATH"], "VIEW": str(tmp_path), "SCRIPT": INSTALLED,
             "PACKAGE": str(one(packages, "*.deb")), "DEBIAN_FRONTEND": "noninteractive",
             "CLIENT_PORT": str(client), "PEER_PORT": str(peer)})
    assert result.returncode == 0, result.stdout + result.stderr
    assert "kept\n1\n" in result.stdout


def test_the_image_has_the_programs_and_what_they_need(packages, tmp_path):
    layout = tmp_path / "layout"
    with tarfile.open(one(packages, "*.oci.tar")) as archive:
        archive.extractall(layout, filter="data")

    def blob(descriptor):
        content = (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
        assert len(content) == descriptor["size"]
        assert "sha256:" + hashlib.sha256(content).hexdigest() == descriptor["digest"]
        return content

    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    [reference] = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(reference))
    config = json.loads(blob(manifest["config"]))
    [layer] = manifest["layers"]
    (tmp_path / "layer.tar.gz").write_bytes(blob(layer))
    root = tmp_path / "root"
    with tarfile.open(tmp_path / "layer.tar.gz") as archive:
        files = {member.name for member in archive if member.isfile()}
        archive.extractall(root, filter="tar")
    libraries = {name for name in files if pathlib.PurePath(name).name.startswith(("lib", "ld-"))}
    programs = {f"usr/local/bin/{name}" for name in PROGRAMS}
    assert files == programs | libraries | {"etc/nsswitch.conf"}
    assert len(libraries) == 4
    serve(root, config["config"]["Cmd"], *free_ports(2))


def inside(root, *command):
    """A command line in the files of an image, with the `/proc` that every container has."""
    return ["unshare", "--mount", "sh", "-ec",
            'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"', root, *command]


def serve(root, command, client, peer):
    """Runs the member of an image, and its tools, with nothing but its files."""
    (root / "proc").mkdir()
    urls = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    member = subprocess.Popen(
        inside(root, *command, "--data-dir", "/var/lib/etcd/m", "--listen-client-urls", urls[0],
               "--advertise-client-urls", urls[0], "--listen-peer-urls", urls[1],
               "--initial-advertise-peer-urls", urls[1],
               "--initial-cluster", f"default={urls[1]}"),
        stderr=subprocess.DEVNULL)
    try:
        # A name is looked up with the files of the image.
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        shown = subprocess.run(
            inside(root, "/usr/local/bin/etcdctl", "--endpoints", f"localhost:{client}",
                   "--dial-timeout", "10s", "--command-timeout", "30s", "put", "key", "value"),
            capture_output=True, text=True, timeout=60)
        assert shown.stdout == "OK\n", shown.stderr
    finally:
        member.terminate()
        assert member.wait(timeout=20) in (0, -15)
        shutil.rmtree(root)
