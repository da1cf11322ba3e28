"""The unmodified Python client etcd3 from PyPI; programs/python_client.py has the tests."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

CLIENT = pathlib.Path(__file__).resolve().parents[1] / "programs" / "python_client.py"
TOPICS = re.search(r"TOPICS = .*?for one in \((.*?)\)\}", CLIENT.read_text(), re.DOTALL).group(1)


@pytest.mark.parametrize("topic", re.findall(r"\w+", TOPICS))
def test_python_client(member, topic):
    result = subprocess.run(
        [sys.executable, str(CLIENT), member.endpoint, topic], capture_output=True, text=True,
        timeout=60, env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"})
    assert result.returncode == 0, result.stderr[-3000:] + member.tail()
