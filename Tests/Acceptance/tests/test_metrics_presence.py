"""Which series /metrics has from the start and which after which step, as recorded from etcd 3.7.1.

Alerts and dashboards rest on it: an expression over a series that does not exist yet has no value.
"""
import contextlib
import functools
import pathlib
import re

import pytest

from acceptance.cluster import until
from acceptance.metrics_steps import Steps
from acceptance.members import our_member

RECORDED = pathlib.Path(__file__).resolve().parents[1] / "recorded/metrics_presence.tsv"
# Series of Go's runtime, and what the recorded process was built with.
OF_GO = re.compile(r"go_|etcd_server_go_version$")
# Series that differ on purpose, and the reason.
DIFFERENT = {
    "etcd_debugging_store_reads_total": "the v2 store is not used",
    "etcd_debugging_store_writes_total": "the v2 store is not used",
}
# Series whose value differs, and the reason.
OTHER_VALUE = {
    "etcd_network_peer_sent_failures_total": "counts attempts until the scrape",
    "etcd_server_health_success": "the tests wait for /health",
}
FLAGS = ("--metrics=extensive", "--snapshot-count=60", "--bcrypt-cost=4")
SERIES = re.compile(r"(\w+?)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
ID = re.compile(r"\b[0-9a-f]{15,16}\b")


def series_of(text):
    """{(name, labels): value}; a histogram is one series, whose value is its count."""
    histograms = set(re.findall(r"# TYPE (\w+) histogram", text))
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SERIES.fullmatch(line).groups()
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if base in histograms:
            if not name.endswith("_count"):
                continue
            name, value = base, f"count {value}"
        found[name, labels_of(labels or "")] = value
    return found


def labels_of(text):
    """The labels without the IDs of members, which depend on URL and token."""
    return tuple(sorted((name, ID.sub("ID", value)) for name, value in LABEL.findall(text)))


@functools.cache
def recorded():
    """{(name, labels): (step, value)}; the value is None where it differs from run to run."""
    rows = {}
    zeros = []
    for line in RECORDED.read_text().splitlines():
        if line.startswith(("#", "kind\t")):
            continue
        kind, name, labels, _, first, value, remark = line.split("\t")
        if kind == "series" and not OF_GO.match(name) and name not in DIFFERENT:
            varies = remark == "varies" or name in OTHER_VALUE
            rows[name, labels_of(labels)] = (first, None if varies else value)
        if kind == "grpc-zero":
            zeros.append(labels_of(labels))
    for labels in zeros:
        for name in ("started", "msg_received", "msg_sent"):
            rows[f"grpc_server_{name}_total", labels] = ("start", None)
        rows["grpc_server_handling_seconds", labels] = ("start", None)
    return rows


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """{step: {(name, labels): value}} of our member."""
    member = our_member(tmp_path_factory.mktemp("metrics") / "n1.etcd", *FLAGS).start()
    try:
        found = {"start": series_of(member.get("/metrics")[1])}

        def is_complete(step):
            found[step] = series_of(member.get("/metrics")[1])
            return not differing(step, found[step])
        with member.connect() as channel:
            for name, action in Steps(member, channel).all():
                action()
                # The ends of streams and snapshots are counted a moment after the response.
                with contextlib.suppress(AssertionError):
                    until(lambda: is_complete(name), 10)
        yield found
    finally:
        member.close()


def differing(step, found):
    """What is not as recorded after a step, as texts."""
    return [f"{step}: {series}: {found.get(series)}, not {value}"
            for series, (first, value) in sorted(recorded().items()) if first == step
            and (series not in found or value is not None and found[series] != value)]


def test_each_series_exists_and_has_moved_after_its_step(walked):
    """A series may be there earlier, with the value 0."""
    wrong = [text for step, found in walked.items() for text in differing(step, found)]
    assert {step for step, _ in recorded().values()} <= walked.keys()
    assert not wrong, "\n".join(wrong)
