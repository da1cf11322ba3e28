"""Machines with the addresses of the guides, for the commands that the guides show.

A machine is a view of this machine's files whose changes are kept apart, in one network with the
others. Programs, certificates and settings lie where the Debian package and the guides have them.
What is not there is replaced by a stand-in of a few lines: systemd and its journal, dpkg and
apt-get, scp.
"""
import os
import pathlib
import re
import subprocess

from acceptance import certificates as kinds
from acceptance.members import ROOT, our_etcd, tool

ADDRESSES = {f"m{number}": f"10.0.0.{number}" for number in range(1, 5)}
PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
PROGRAMS = ["etcd", "etcdctl", "etcdutl"]
CERTIFICATES = ["server", "peer", "client"]

# The first process of the machines: makes them, and ends them with itself.
FIRST_PROCESS = r"""
set -e
ip link set lo up
for address in $ADDRESSES; do ip address add "$address/32" dev lo; done
mount -t tmpfs tmpfs "$VIEW"
for name in $NAMES; do
    mkdir -p "$VIEW/$name/upper" "$VIEW/$name/work" "$VIEW/$name/root"
    mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$VIEW/$name/upper,workdir=$VIEW/$name/work" "$VIEW/$name/root"
    root=$VIEW/$name/root
    mount --bind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$root/var/lib/etcd" "$root/opt/swift-etcd" "$root/opt/etcd-3.5"
    mount --bind "$DATA/$name" "$root/var/lib/etcd"
    mount --bind "$OURS" "$root/opt/swift-etcd"
    mount --bind "$THEIRS" "$root/opt/etcd-3.5"
    tar -C "$FILES/$name" -c . |
        tar -C "$root" -x --keep-directory-symlink --no-overwrite-dir --no-same-owner
    echo 'etcd:x:990:990::/var/lib/etcd:/usr/sbin/nologin' >>"$root/etc/passwd"
    echo 'etcd:x:990:' >>"$root/etc/group"
    chroot "$root" chown -R etcd:etcd /etc/etcd /var/lib/etcd
done
for name in $NAMES; do
    for other in $NAMES; do
        mkdir -p "$VIEW/$name/root/machines/$other"
        mount --bind "$VIEW/$other/root" "$VIEW/$name/root/machines/$other"
    done
done
echo ready
exec sleep infinity
"""

# Runs the service as its unit says; a start returns once the member serves, as with Type=notify.
SYSTEMCTL = r"""#!/bin/bash
unit() { sed -n "s/^$1=//p" /lib/systemd/system/etcd.service; }
start() {
    set -a; . "$(unit EnvironmentFile | tr -d -)"; set +a
    unset ${!ETCDCTL_*}
    cd "$(unit WorkingDirectory)"
    local seen=$(grep -c 'ready to serve client requests' /var/log/etcd.log)
    setsid setpriv --reuid="$(unit User)" --regid="$(unit Group)" --clear-groups \
        $(unit ExecStart) </dev/null >>/var/log/etcd.log 2>&1 &
    echo $! >/run/etcd.pid
    until [ "$(grep -c 'ready to serve client requests' /var/log/etcd.log)" -gt "$seen" ]; do
        [ -e "/proc/$!" ] || { echo "etcd.service failed" >&2; exit 1; }
        sleep 0.05
    done
}
stop() {
    [ -f /run/etcd.pid ] || return 0
    local pid=$(cat /run/etcd.pid)
    kill -TERM "$pid" 2>/dev/null || true
    while [ -e "/proc/$pid/exe" ]; do sleep 0.02; done
    rm /run/etcd.pid
}
case "$*" in
"start etcd"|"enable --now etcd") start ;;
"stop etcd"|"disable --now etcd") stop ;;
"restart etcd") stop; start ;;
"is-active etcd") [ -f /run/etcd.pid ] && [ -e "/proc/$(cat /run/etcd.pid)/exe" ] ;;
*) echo "no stand-in for systemctl $*" >&2; exit 2 ;;
esac
"""
JOURNALCTL = """#!/bin/sh
[ "$1 $2" = "-u etcd" ] && cat /var/log/etcd.log
"""
# Packages install the programs of one etcd or of the other.
DPKG = """#!/bin/sh
case "$*" in
"-i swift-etcd"*) from=/opt/swift-etcd ;;
"install -y etcd-server etcd-client") from=/opt/etcd-3.5 ;;
*) echo "no stand-in for $0 $*" >&2; exit 2 ;;
esac
for name in etcd etcdctl etcdutl; do ln -sf "$from/$name" /usr/bin; done
"""
SCP = """#!/bin/sh
cp "$1" "/machines/${2%%:*}/root/${2#*:}"
"""
STAND_INS = {"systemctl": SYSTEMCTL, "journalctl": JOURNALCTL, "dpkg": DPKG, "apt-get": DPKG,
             "scp": SCP}


class Machines:
    """m1 to m4 at 10.0.0.1 to 10.0.0.4; m1, m2 and m3 are configured as one cluster with TLS."""

    def __init__(self, directory, authority):
        self.view = directory / "view"
        self.view.mkdir(parents=True)
        for name in ADDRESSES:
            (directory / "data" / name).mkdir(parents=True)
            _write_files(directory / "files" / name, name, authority)
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "bash", "-c",
             FIRST_PROCESS],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "VIEW": str(self.view),
                 "DATA": str(directory / "data"), "FILES": str(directory / "files"),
                 "OURS": str(pathlib.Path(our_etcd()).resolve().parent),
                 "THEIRS": str(pathlib.Path(tool("etcd")).parent),
                 "NAMES": " ".join(ADDRESSES), "ADDRESSES": " ".join(ADDRESSES.values())})
        assert self.process.stdout.readline() == "ready\n"
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.first_process = children.read_text().split()[0]

    def run(self, name, script, timeout=180):
        """Runs a script on a machine, in the shell that the former scripts left there."""
        command = f"""set -a
. /root/shell
cd "${{DIRECTORY:-/root}}"
set -euo pipefail
{script}
DIRECTORY=$PWD
{{ declare -px; declare -fx; }} >/root/shell"""
        return subprocess.run(
            ["nsenter", "--target", self.first_process, "--mount", "--net", "--pid",
             "chroot", str(self.view / name / "root"), "bash", "-c", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=timeout, env={"PATH": PATH, "HOME": "/root"})

    def log(self, name, lines=15):
        shown = self.run(name, f"tail -n {lines} /var/log/etcd.log")
        return shown.stdout

    def close(self):
        self.process.kill()
        self.process.communicate()


def _variables(name):
    """What is exported in the shell of a machine at first."""
    return {
        "NAME": name, "IP": ADDRESSES[name],
        "ETCDCTL_ENDPOINTS": ",".join(
            f"https://{ADDRESSES[member]}:2379" for member in ("m1", "m2", "m3")),
        "ETCDCTL_CACERT": "/etc/etcd/ca.crt", "ETCDCTL_CERT": "/etc/etcd/client.crt",
        "ETCDCTL_KEY": "/etc/etcd/client.key"}


def _write_files(root, name, authority):
    """The files of a machine on which the package is installed."""
    for folder in ("etc/etcd", "etc/default", "lib/systemd/system", "usr/local/bin", "usr/bin",
                   "var/log", "root"):
        (root / folder).mkdir(parents=True)
    unit = ROOT / "deploy/systemd/etcd.service"
    (root / "lib/systemd/system/etcd.service").write_bytes(unit.read_bytes())
    (root / "etc/default/etcd").write_text(settings(name))
    (root / "var/log/etcd.log").touch()
    (root / "root/shell").write_text(
        "".join(f"export {key}={value}\n" for key, value in _variables(name).items()))
    for program in PROGRAMS:
        (root / "usr/bin" / program).symlink_to(f"/opt/swift-etcd/{program}")
    for program, script in STAND_INS.items():
        path = root / "usr/local/bin" / program
        path.write_text(script)
        path.chmod(0o755)
    (root / "etc/etcd/ca.crt").write_bytes(authority.path.read_bytes())
    for kind in CERTIFICATES:
        # All machines are one host, whose connections come from the address that they go to.
        made = authority.issue(f"{kind}-{name}", kinds.name_of(kind), names=[],
                               addresses=["127.0.0.1", *ADDRESSES.values()])
        (root / f"etc/etcd/{kind}.crt").write_bytes(made.certificate.read_bytes())
        key = root / f"etc/etcd/{kind}.key"
        key.write_bytes(made.key.read_bytes())
        key.chmod(0o600)


def settings(name):
    """/etc/default/etcd of a member: the example in the package's file, with its addresses."""
    text = (ROOT / "deploy/systemd/etcd.default").read_text()
    head, example = text.split("# A member of a cluster of three, with TLS:\n")
    own = ADDRESSES[name]
    example = re.sub("^#", "", example, flags=re.M)
    example = re.sub(r"(_URLS=\S*//)192\.0\.2\.1\b", rf"\g<1>{own}", example)
    example = re.sub(r"192\.0\.2\.", "10.0.0.", example)
    return head.replace("ETCD_NAME=default", f"ETCD_NAME={name}") + example
