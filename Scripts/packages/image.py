"""The container image: an OCI image layout in a tar archive, made without a container engine.

It holds the programs, the C library that they need, an empty data directory, and nothing else: no
shell and no package manager.
"""
import gzip
import hashlib
import json
import pathlib
import re
import subprocess
import time

from packages.contents import ARCHITECTURE, Archive

DATA = "/var/lib/etcd"


def write(contents, into):
    layer = _layer(contents)
    blobs = {}

    def blob(media_type, content):
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    config = blob("application/vnd.oci.image.config.v1+json", _json(_config(contents, layer)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [blob(
            "application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(layer, 6, mtime=0))],
    }
    reference = blob("application/vnd.oci.image.manifest.v1+json", _json(manifest))
    reference["platform"] = {"os": "linux", "architecture": ARCHITECTURE}
    reference["annotations"] = {
        "org.opencontainers.image.ref.name": f"swift-etcd:{contents.version}"}
    archive = Archive(contents.time)
    archive.file("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
    archive.file("index.json", _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [reference]}))
    for digest in sorted(blobs):
        archive.file(f"blobs/sha256/{digest}", blobs[digest])
    target = into / f"swift-etcd-v{contents.version}-{ARCHITECTURE}.oci.tar"
    target.write_bytes(archive.bytes())
    return target


def _layer(contents):
    archive = Archive(contents.time)
    archive.file("etc/nsswitch.conf", b"hosts: files dns\n")
    for library in _libraries(contents):
        archive.file(library.lstrip("/"), open(library, "rb").read(), 0o755)
    for name, path in contents.programs.items():
        archive.file(f"usr/local/bin/{name}", path.read_bytes(), 0o755)
    archive.folder("tmp", 0o1777)
    archive.folder(DATA.lstrip("/"), 0o700)
    return archive.bytes()


def _libraries(contents):
    """The shared libraries of the programs, with the loader, where the loader looks for them.

    The C library itself loads the compiler's runtime when a thread ends by `pthread_exit`.
    """
    found = set()
    for path in contents.programs.values():
        shown = subprocess.run(["ldd", path], capture_output=True, text=True, check=True)
        found.update(re.findall(r"(/\S+) \(0x", shown.stdout))
    [libc] = [path for path in found if pathlib.Path(path).name == "libc.so.6"]
    return sorted([*found, str(pathlib.Path(libc).with_name("libgcc_s.so.1"))])


def _config(contents, layer):
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(contents.time))
    return {
        "created": created, "os": "linux", "architecture": ARCHITECTURE,
        "config": {
            "Cmd": ["/usr/local/bin/etcd"],
            "Env": ["PATH=/usr/local/bin"],
            "ExposedPorts": {"2379/tcp": {}, "2380/tcp": {}},
            "Volumes": {DATA: {}},
            "WorkingDir": DATA,
            "Labels": {
                "org.opencontainers.image.title": "swift-etcd",
                "org.opencontainers.image.version": contents.version,
            },
        },
        "rootfs": {
            "type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created": created, "created_by": "Scripts/package.py"}],
    }


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
