"""The unmodified Python client etcd3 from PyPI; programs/python_client.py has the tests."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

from acceptance import api, users
from acceptance.secure import ClientTLS, server_flags

CLIENT = pathlib.Path(__file__).resolve().parents[1] / "programs" / "python_client.py"
TOPICS = re.search(r"TOPICS = .*?for one in \((.*?)\)\}", CLIENT.read_text(), re.DOTALL).group(1)


def run(member, *arguments):
    result = subprocess.run(
        [sys.executable, str(CLIENT), member.endpoint, *arguments], capture_output=True, text=True,
        timeout=60, env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"})
    assert result.returncode == 0, result.stderr[-3000:] + member.tail()


@pytest.mark.parametrize("topic", re.findall(r"\w+", TOPICS))
def test_python_client(member, topic):
    run(member, topic)


def test_python_client_logs_in_and_again_when_its_token_has_expired(start, certificates):
    member = start("--bcrypt-cost=4", "--auth-token-ttl=2", *server_flags(certificates["srv"]),
                   tls=ClientTLS(certificates.ca.path))
    with member.connect() as channel:
        users.setup(api.stub(channel, "Auth"), [("alice", "alicepw", [(2, b"a/", b"a0")])])
    run(member, "users", str(certificates.ca.path))
