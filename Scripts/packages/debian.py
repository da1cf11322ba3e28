"""The Debian package: programs, the service with its user, completions, documents."""
import re
import subprocess

from packages.contents import ARCHITECTURE, ROOT, Archive

DEPLOY = ROOT / "deploy"
CONTROL = """\
Package: swift-etcd
Version: {version}
Architecture: {architecture}
Maintainer: swift-etcd maintainers <maintainers@swift-etcd.invalid>
Installed-Size: {kilobytes}
Depends: libc6 (>= {libc}), libgcc-s1, passwd
Provides: etcd, etcd-server, etcd-client
Conflicts: etcd, etcd-server, etcd-client
Replaces: etcd, etcd-server, etcd-client
Section: net
Priority: optional
Description: highly available key-value store, compatible with etcd {etcd}
 A server, etcdctl and etcdutl that take the place of etcd: the same API, flags,
 output, peer protocol and files, for less CPU time and memory.
"""
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/etcdctl",
    "zsh": "usr/share/zsh/vendor-completions/_etcdctl",
    "fish": "usr/share/fish/vendor_completions.d/etcdctl.fish",
}

def write(contents, into):
    data, bytes_total = _data(contents)
    control = CONTROL.format(
        version=contents.version, architecture=ARCHITECTURE, etcd=contents.etcd_version,
        kilobytes=bytes_total // 1024 + 1, libc=_c_library(contents))
    target = into / f"swift-etcd_{contents.version}_{ARCHITECTURE}.deb"
    target.write_bytes(_ar(contents.time, [
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", _control(contents, control)),
        ("data.tar.gz", data),
    ]))
    return target


def _data(contents):
    """The files; their archive and their size."""
    files = {f"usr/bin/{name}": (path.read_bytes(), 0o755)
             for name, path in contents.programs.items()}
    files["lib/systemd/system/etcd.service"] = (
        (DEPLOY / "systemd/etcd.service").read_bytes(), 0o644)
    files["etc/default/etcd"] = ((DEPLOY / "systemd/etcd.default").read_bytes(), 0o644)
    for shell, content in contents.completions():
        files[COMPLETIONS[shell]] = (content, 0o644)
    for name, content in contents.documents():
        name = "copyright" if name == "LICENSE" else name
        files[f"usr/share/doc/swift-etcd/{name}"] = (content, 0o644)
    for name, content in contents.manifests():
        files[f"usr/share/doc/swift-etcd/{name}"] = (content, 0o644)
    archive = Archive(contents.time)
    for name in sorted(files):
        content, mode = files[name]
        archive.file(f"./{name}", content, mode)
    return archive.compressed(), sum(len(content) for content, _ in files.values())


def _c_library(contents):
    """The oldest C library that has the symbols of the programs."""
    versions = set()
    for path in contents.programs.values():
        shown = subprocess.run(
            ["readelf", "--version-info", "--wide", path], capture_output=True, text=True, check=True)
        versions.update(re.findall(r"Name: GLIBC_(\d+)\.(\d+)", shown.stdout))
    return ".".join(map(str, max((int(major), int(minor)) for major, minor in versions)))


def _control(contents, control):
    archive = Archive(contents.time)
    archive.file("./control", control.encode())
    archive.file("./conffiles", b"/etc/default/etcd\n")
    for script in ["postinst", "prerm", "postrm"]:
        archive.file(f"./{script}", (DEPLOY / "debian" / script).read_bytes(), 0o755)
    return archive.compressed()


def _ar(time, members):
    """An archive of ar(1): a header of 60 bytes before each member, which begin at even offsets."""
    parts = [b"!<arch>\n"]
    for name, content in members:
        parts.append(f"{name:<16}{time:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)
