"""`etcd gateway` as a process: started, stopped, and its log read."""
import json
import os
import signal
import subprocess
import time

from acceptance.cluster import until
from acceptance.members import free_ports, our_etcd


class Gateway:
    """A TCP proxy on a port of its own; it writes its log to a file of the directory."""

    def __init__(self, directory, *flags, prefix=()):
        self.port, = free_ports(1)
        self.address = f"127.0.0.1:{self.port}"
        self.log_path = directory / f"gateway-{self.port}.log"
        self.command = [*prefix, our_etcd(), "gateway", "start", "--listen-addr", self.address,
                        *flags]

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"]})
        until(lambda: self.lines("ready to proxy client requests") or self.process.poll(),
              what="the gateway")
        assert self.process.poll() is None, self.log_path.read_text()
        return self

    def lines(self, message):
        found = []
        # What follows the last line break is a line that is still being written.
        for text in self.log_path.read_text().split("\n")[:-1]:
            line = json.loads(text)
            if line["msg"] == message:
                found.append(line)
        return found

    @property
    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def settled(value, seconds=60):
    """Waits until a value does not change any more for half a second, and returns it."""
    end = time.monotonic() + seconds
    last = value()
    while time.monotonic() < end:
        time.sleep(0.5)
        now = value()
        if now == last:
            return now
        last = now
    raise AssertionError(f"still changes: {last}")
