"""Tests of slow_disk: synchronizations are delayed, and released at the end."""
import subprocess
import sys
import time

from acceptance.slow_disk import slow_disk

# Synchronizes a file for each line of input, and reports it.
PROGRAM = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
for line in sys.stdin:
    os.write(file, b'x')
    os.fdatasync(file)
    print('done', flush=True)
"""


def test_synchronizations_are_delayed_and_released(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "file")], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)

    def synchronize():
        begin = time.monotonic()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"
        return time.monotonic() - begin

    try:
        synchronize()
        with slow_disk(process.pid, 0.5):
            assert synchronize() >= 0.5
        with slow_disk(process.pid, 100):
            process.stdin.write("\n")
            process.stdin.flush()
            time.sleep(0.2)
        assert process.stdout.readline() == "done\n"
        synchronize()
    finally:
        process.kill()
        process.communicate()
