"""The results of a run as a file."""
import json
import os
import platform
import time

import bounds
import processes
import targets
from samples import OURS, THEIRS


def write(into, options, kind="compare"):
    """Every sample, the targets with what came of them, and what bounded each row."""
    directory = processes.ROOT / "results"
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
        "boundBy": bounds.of_all(into, options.servers),
        "generatorToH2load": bounds.against_h2load(into),
        "samples": into.samples, "discarded": into.discarded}, indent=1))
    return path
