"""What is measured next to a greedy client: another client's puts, and the server's memory."""
import threading
import time

import grpc

from acceptance import api, load

rpc = api.rpc


class Puts(threading.Thread):
    """A well-behaved client next to the greedy one: puts continuously and measures latencies."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self.member, self.delays, self.running, self.failure = member, [], True, None

    def run(self):
        try:
            with self.member.connect() as channel:
                kv = api.stub(channel, "KV")
                while self.running:
                    begin = time.monotonic()
                    kv.Put(rpc.PutRequest(key=b"small", value=b"1"), timeout=10)
                    self.delays.append(time.monotonic() - begin)
                    time.sleep(0.01)
        except grpc.RpcError as error:
            self.failure = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.join()

    def wait(self, count=21):
        """Waits for so many puts."""
        while len(self.delays) < count:
            assert self.failure is None, self.failure
            time.sleep(0.01)

    def assert_no_delay(self, slowest=5):
        assert self.failure is None, self.failure
        assert len(self.delays) > 20 and max(self.delays) < slowest, sorted(self.delays)[-5:]
        assert sorted(self.delays)[len(self.delays) // 2] < 0.25


class PeakMemory(threading.Thread):
    """Samples the memory of a server twenty times a second."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self.process_id = member.process.pid
        self.begin = self.peak = load.anonymous_bytes(self.process_id)
        self.running = True

    def run(self):
        while self.running:
            self.peak = max(self.peak, load.anonymous_bytes(self.process_id))
            time.sleep(0.05)

    @property
    def growth(self):
        return self.peak - self.begin

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.join()
