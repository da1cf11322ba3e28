"""The results of a run as a JSON file."""
import json
import os
import platform
import time

from benchmarks import ROOT
from benchmarks.measurements import processes
from benchmarks.measurements.samples import OURS, THEIRS
from benchmarks.reports import bottlenecks
from benchmarks.rows import targets


def write(into, options, kind="compare"):
    """Writes all samples, the targets with their results, and the bottleneck of each row."""
    directory = ROOT / "results"
    directory.mkdir(exist_ok=True)
    path = directory / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps({
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "cores": os.cpu_count(),
        "machine": platform.machine(), "kernel": platform.release(),
        "versions": {
            OURS: processes.versions(processes.our_etcd()) if OURS in options.servers else "",
            THEIRS: processes.versions(processes.real_etcd())},
        "rounds": options.rounds, "seconds": options.seconds,
        "targets": targets.verdicts(into), "notMeasured": targets.unmeasured(into),
        "boundBy": bottlenecks.of_all(into, options.servers),
        "generatorToH2load": bottlenecks.against_h2load(into),
        "samples": into.samples, "discarded": into.discarded}, indent=1))
    return path
