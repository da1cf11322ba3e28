"""kill -9 under load; acceptance/kill.py has the requirements."""
import subprocess

import pytest

from acceptance import kill, load

pytestmark = pytest.mark.alone


def test_nothing_acknowledged_is_lost_in_twelve_kills():
    assert kill.run(seed=1, rounds=12) > 500


def test_the_file_checker_accepts_healthy_files_and_rejects_damaged_ones(start):
    checker = kill.file_checker()
    if not checker:
        pytest.skip("etcdutl is not built")
    member = start()
    load.fill(member.endpoint, ((b"k%d" % number, bytes(500)) for number in range(5_000)))
    member.stop()
    command = [checker, "check", "--data-dir", str(member.directory)]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    database = member.directory / "member/snap/db"
    data = bytearray(database.read_bytes())
    data[2 * 4096:] = bytes(len(data) - 2 * 4096)
    database.write_bytes(data)
    assert subprocess.run(command, capture_output=True, timeout=60).returncode != 0
