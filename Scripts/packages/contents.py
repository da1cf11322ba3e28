"""What the packages hold: stripped programs, documents, and the files beside them."""
import gzip
import io
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ["etcd", "etcdctl", "etcdutl"]
# The machine's name in Debian and in container images.
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Contents:
    """Programs without their symbols, with the version and the time of the packages."""

    def __init__(self, build, work, time):
        self.work, self.time = work, time
        self.programs = {name: self._stripped(build / name) for name in PROGRAMS}
        shown = subprocess.run(
            [self.programs["etcd"], "--version"], capture_output=True, text=True, check=True)
        # Its own version, then that of etcd whose place it takes.
        self.version = re.search(r"Swift-etcd Version: (\S+)", shown.stdout)[1]
        self.etcd_version = re.search(r"etcd Version: (\S+)", shown.stdout)[1]

    def _stripped(self, program):
        target = self.work / program.name
        shutil.copy(program.resolve(), target)
        subprocess.run(["strip", target], check=True)
        target.chmod(0o755)
        return target

    def documents(self):
        """(name, bytes) of the license, the documents, and the versions of the libraries."""
        for name in ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"]:
            yield name, (ROOT / name).read_bytes()
        for path in sorted((ROOT / "docs").rglob("*.md")):
            yield str(path.relative_to(ROOT)), path.read_bytes()
        resolved = ROOT / "Package.resolved"
        if resolved.exists():
            yield resolved.name, resolved.read_bytes()

    def manifests(self):
        """(name, bytes) of the files of `deploy` that any installation may use."""
        for path in sorted((ROOT / "deploy").rglob("*")):
            if path.is_file() and "debian" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_bytes()

    def completions(self):
        """(shell, bytes) of etcdctl's completions."""
        for shell in ["bash", "zsh", "fish"]:
            shown = subprocess.run(
                [self.programs["etcdctl"], "completion", shell], capture_output=True, check=True)
            yield shell, shown.stdout


class Archive:
    """A tar archive with one time and one owner, whose folders come before their files."""

    def __init__(self, time):
        self.buffer, self.time, self.folders = io.BytesIO(), time, set()
        self.tar = tarfile.open(fileobj=self.buffer, mode="w", format=tarfile.GNU_FORMAT)

    def folder(self, name, mode=0o755):
        if name in self.folders or name in ("", "."):
            return
        self.folder(name.rpartition("/")[0])
        self.folders.add(name)
        self._add(self._info(name, mode, tarfile.DIRTYPE))

    def file(self, name, content, mode=0o644):
        self.folder(name.rpartition("/")[0])
        info = self._info(name, mode, tarfile.REGTYPE)
        info.size = len(content)
        self._add(info, content)

    def link(self, name, target):
        self.folder(name.rpartition("/")[0])
        info = self._info(name, 0o777, tarfile.SYMTYPE)
        info.linkname = target
        self._add(info)

    def bytes(self):
        self.tar.close()
        return self.buffer.getvalue()

    def compressed(self):
        """The archive as gzip, without a time of its own."""
        return gzip.compress(self.bytes(), 6, mtime=0)

    def _info(self, name, mode, kind):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = kind, mode, self.time
        info.uname = info.gname = "root"
        return info

    def _add(self, info, content=b""):
        self.tar.addfile(info, io.BytesIO(content))
