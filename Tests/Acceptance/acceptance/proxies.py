"""gRPC proxies as processes: `etcd grpc-proxy start` before a member."""
import time

from acceptance import api
from acceptance.members import Member, free_ports, our_etcd


class GRPCProxy(Member):
    """A proxy of ours; `endpoint`, `url`, `connect` and `etcdctl` are those of a member."""

    def __init__(self, directory, endpoints, *flags, binary=None, tls=None, advertise=True):
        super().__init__(binary or our_etcd(), directory, *flags, tls=tls, ports=free_ports(2))
        self.endpoints = endpoints if isinstance(endpoints, str) else ",".join(endpoints)
        self.advertise = advertise
        self._channel = None

    @property
    def metrics_url(self):
        return f"http://127.0.0.1:{self.peer_port}"

    def arguments(self):
        advertised = ["--advertise-client-url", self.endpoint] if self.advertise else []
        return [
            self.binary, "grpc-proxy", "start", "--endpoints", self.endpoints,
            "--listen-addr", self.endpoint, "--metrics-addr", self.metrics_url,
            *advertised, *self.flags]

    @property
    def name(self):
        return f"proxy {self.endpoint}"

    def stub(self, service):
        """A stub on a channel that stays open."""
        if self._channel is None:
            self._channel = self.connect()
        return api.stub(self._channel, service)

    def wait_ready(self, seconds=30):
        """Waits until the proxy says that it serves; the members need not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"proxy ended with {self.process.returncode}: {self.tail()}")
            if "started gRPC proxy" in self.log_path.read_text(errors="replace"):
                return
            time.sleep(0.02)
        raise AssertionError(f"proxy is not ready after {seconds} s: {self.tail()}")

    def metrics(self):
        """The values of the proxy's own metrics without labels, by name."""
        _, text = self.get("/proxy/metrics")
        lines = (line.split() for line in text.splitlines() if line and line[0] != "#")
        return {words[0]: float(words[1]) for words in lines if "{" not in words[0]}
