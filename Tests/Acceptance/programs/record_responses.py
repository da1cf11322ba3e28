"""Records the responses of a real etcd 3.7 to calls and fields that 3.5.1 does not have.

    python Tests/Acceptance/programs/record_responses.py --etcd /path/to/etcd-3.7.1 --seed 1

The seed determines the calls, which are made sequentially to a new member. Requests and responses
are written to `Tests/Acceptance/recorded/TOPIC.jsonl`, one file for each topic. `test_recorded.py`
makes the same calls to swift-etcd. The differential test covers the features of 3.5.1.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import api  # noqa: E402
from acceptance.cluster import until  # noqa: E402
from acceptance.members import Member  # noqa: E402
from acceptance.recorded import FOLDER, Caller, encode  # noqa: E402
from acceptance.request_generator import RequestGenerator  # noqa: E402

rpc = api.rpc
VALIDATE, ENABLE, CANCEL = range(3)


class Recorder:
    """Performs steps on the real member and records them with the responses."""

    def __init__(self, member, seed):
        self.random = random.Random(seed)
        self.caller = Caller(member)
        self.steps = []

    def step(self, step):
        result = self.caller.perform(step)
        self.steps.append({**step, **result})
        return result

    def call(self, name, request, **more):
        return self.step({"call": name, "request": encode(request), **more})


def range_stream(recorder, count_only=False):
    """RangeStream with all options: few and many, small and large pairs, old revisions."""
    chance, choice = recorder.random.random, recorder.random.choice
    recorder.step({"fill": {"prefix": "n/", "count": 700, "size": 10}})
    recorder.step({"fill": {"prefix": "big/", "count": 45, "size": 200_000}})
    recorder.call("Lease.LeaseGrant", rpc.LeaseGrantRequest(TTL=3600, ID=7))
    for number in range(30):
        recorder.call("KV.Put", rpc.PutRequest(
            key=b"few/%02d" % (number % 15), value=b"v%d" % number, lease=choice([0, 7])))
    recorder.call("KV.DeleteRange", rpc.DeleteRangeRequest(key=b"n/0100", range_end=b"n/0200"))
    last = recorder.call("KV.Put", rpc.PutRequest(key=b"last"))
    newest = last["responses"][0]["header"]["revision"]
    compacted = newest - 25
    recorder.call("KV.Compact", rpc.CompactionRequest(revision=compacted, physical=True))
    ranges = [
        (b"n/", b"n0"), (b"n/0050", b"n/0300"), (b"few/", b"few0"), (b"few/03", b""),
        (b"few/", b""), (b"big/", b"big0"), (b"big/", b"few/05"), (b"\0", b"\0"),
        (b"none/", b"none0"), (b"few/05", b"\0"), (b"z", b"a"), (b"", b""), (b"n/0690", b"n0")]
    for _ in range(60 if count_only else 220):
        key, end = choice(ranges)
        request = rpc.RangeRequest(key=key, range_end=end, count_only=count_only)
        if chance() < 0.5:
            # No negative limit: etcd sends all pairs in one message of any size.
            request.limit = choice([1, 9, 10, 11, 29, 30, 31, 100, 600, 5000])
        if chance() < 0.3:
            request.revision = choice(
                [newest, newest - 1, newest - 20, compacted, compacted - 1, newest + 1, -1, 1])
        request.serializable = chance() < 0.3
        request.keys_only = chance() < 0.2
        if chance() < 0.15:
            request.sort_order = choice([0, 1, 2, 3])
            request.sort_target = choice([0, 1, 2, 3, 4, 5])
        if chance() < 0.1:
            setattr(request, choice([
                "min_mod_revision", "max_mod_revision", "min_create_revision",
                "max_create_revision"]), choice([1, newest, -1]))
        recorder.call("KV.RangeStream", request)


def range_stream_counts(recorder):
    """RangeStream that only counts."""
    range_stream(recorder, count_only=True)


class NewerRequestGenerator(RequestGenerator):
    """Calls with more cases in which 3.7 differs from 3.5.1."""

    METHODS = {
        "Put", "Range", "DeleteRange", "Txn", "Compact", "LeaseGrant", "LeaseRevoke", "HashKV"}

    def value(self):
        return super().value()[:400]

    def range(self, nested=False):
        """Sorts only by key: pairs with equal sort values are in any order."""
        request = super().range(nested)
        request.sort_target = 0
        request.keys_only = request.keys_only or self.random.random() < 0.2
        if not nested and self.random.random() < 0.05:
            request.sort_order, request.sort_target = self.random.choice([(3, 0), (1, 5), (0, 9)])
        return request

    def next(self):
        while True:
            service, method, request = self.call()
            if method in self.METHODS:
                break
        if method == "Compact":
            request.physical = True
        if method == "HashKV" and self.random.random() < 0.4:
            request.revision = self.compacted
        return f"{service}.{method}", request


def newer_responses(recorder):
    """keys_only without leases, sort values outside of the enum, the order of the checks of a
    transaction's operations, hashes at the compacted revision, watches from there."""
    generator = NewerRequestGenerator(recorder.random.randrange(1 << 30))
    for number in range(600):
        name, request = generator.next()
        result = recorder.call(name, request)
        if "error" not in result:
            header = result["responses"][0]["header"]
            generator.revision = max(generator.revision, header.get("revision", 0))
            if name == "KV.Compact":
                generator.compacted = request.revision
        if number % 60 == 59:
            compacted = generator.compacted
            for start in {compacted, compacted + 1, max(compacted - 1, 1), -1} - {0}:
                recorder.call("Watch.Watch", rpc.WatchCreateRequest(
                    key=b"\0", range_end=b"\0", start_revision=start, prev_kv=True))
                generator.revision += 1


def versions(recorder):
    """Versions in Status and Snapshot; a downgrade that is enabled and cancelled."""
    def status(**until):
        recorder.call("Maintenance.Status", rpc.StatusRequest(), until=until)

    def downgrade(action, version=""):
        recorder.call(
            "Maintenance.Downgrade", rpc.DowngradeRequest(action=action, version=version))

    status(storageVersion="3.7.0")
    recorder.call("Maintenance.Snapshot", rpc.SnapshotRequest())
    for text in (
            "3", "3.5", "3.5.0", "3.7.0", "3.8", "4.6", "", "x.y", "3.6.0-rc.1", "3.6.9", "v3.6"):
        downgrade(VALIDATE, text)
    downgrade(ENABLE, "3.5.0")
    downgrade(CANCEL)
    downgrade(7)
    downgrade(VALIDATE, "3.6")
    downgrade(ENABLE, "3.6.0")
    status(storageVersion="3.6.0")
    recorder.call("Maintenance.Snapshot", rpc.SnapshotRequest())
    for text in ("3.6", "3.5", "3.7"):
        downgrade(VALIDATE, text)
    downgrade(ENABLE, "3.5.0")
    downgrade(CANCEL)
    status(storageVersion="3.7.0")
    downgrade(CANCEL)


TOPICS = {
    "range_stream": range_stream, "range_stream_counts": range_stream_counts,
    "newer_responses": newer_responses, "versions": versions,
}


def record(etcd, topic, seed):
    version = subprocess.run(
        [etcd, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    heading = {"etcd": version, "topic": topic, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        member = Member(etcd, pathlib.Path(folder) / "data").start()
        try:
            until(lambda: '"etcdcluster":"3.7' in member.get("/version")[1])
            recorder = Recorder(member, seed)
            TOPICS[topic](recorder)
            recorder.caller.close()
        finally:
            member.stop()
    path = FOLDER / f"{topic}.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in [heading, *recorder.steps]))
    errors = sum("error" in step for step in recorder.steps)
    print(f"{path.name}: {len(recorder.steps)} steps, {errors} errors, {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--etcd", required=True, help="path of a real etcd 3.7")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--topic", choices=TOPICS, action="append", help="all of them by default")
    arguments = parser.parse_args()
    for topic in arguments.topic or TOPICS:
        record(arguments.etcd, topic, arguments.seed)


if __name__ == "__main__":
    main()
