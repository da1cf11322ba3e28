"""Profiles with the system's perf: stacks of Swift code are whole, from the thread's start."""
import shutil
import subprocess
import threading

import pytest

from acceptance import api

rpc = api.rpc


def samples(text):
    """The functions of each sample, the innermost first."""
    for block in text.strip().split("\n\n"):
        yield [line.split(None, 1)[1] for line in block.splitlines()[1:] if " " in line.strip()]


def test_frame_pointers_give_whole_stacks_of_each_stage(member, tmp_path):
    if not shutil.which("perf"):
        pytest.skip("needs perf, in Debian's package linux-perf")
    end = threading.Event()

    def put():
        with member.connect() as channel:
            kv = api.stub(channel, "KV")
            while not end.is_set():
                kv.Put(rpc.PutRequest(key=b"a", value=b"v"), timeout=20)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    data = str(tmp_path / "perf.data")
    recorded = subprocess.run(
        ["perf", "record", "-o", data, "-F", "499", "--call-graph", "fp", "-p",
         str(member.process.pid), "--", "sleep", "3"], capture_output=True, text=True)
    end.set()
    for thread in threads:
        thread.join()
    if recorded.returncode != 0:
        pytest.skip(f"perf may not record here: {recorded.stderr.strip()[-200:]}")
    script = subprocess.run(["perf", "script", "-i", data, "-F", "comm,ip,sym"],
                            capture_output=True, text=True, check=True).stdout
    stacks = list(samples(script))
    whole = [stack for stack in stacks if any("start_thread" in name for name in stack)]
    assert len(whole) > len(stacks) / 2 > 10
    for part in ("ApplyStage", "LogStage", "SelectableEventLoop"):
        assert any(part in name for stack in whole for name in stack), part
