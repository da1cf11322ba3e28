"""The tarball: programs, documents, and the files of `deploy`."""
from packages.contents import ARCHITECTURE, Archive


def write(contents, into):
    name = f"swift-etcd-v{contents.version}-linux-{ARCHITECTURE}"
    archive = Archive(contents.time)
    for program, path in contents.programs.items():
        archive.file(f"{name}/{program}", path.read_bytes(), 0o755)
    for document, content in contents.documents():
        archive.file(f"{name}/{document}", content)
    for manifest, content in contents.manifests():
        archive.file(f"{name}/{manifest}", content)
    target = into / f"{name}.tar.gz"
    target.write_bytes(archive.compressed())
    return target
