"""Patroni on our etcd: three PostgreSQL nodes, the leader is killed, another one takes over.

    python Tests/Acceptance/programs/patroni_failover.py --nodes 3

acceptance/patroni_cluster.py has the steps. etcd is reached by its JSON gateway, over TLS, as a
user that may only write below its prefix.
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import patroni_cluster  # noqa: E402
from acceptance.certificates import Certificates  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=3)
    arguments = parser.parse_args()
    began = time.monotonic()

    def report(text):
        print(f"{time.monotonic() - began:5.1f} s: {text}", file=sys.stderr)

    with patroni_cluster.folder() as folder:
        (folder / "certificates").mkdir()
        patroni_cluster.failover(
            folder, Certificates(folder / "certificates"), arguments.nodes, report)
    print(f"{arguments.nodes} nodes: failover and return in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
