"""Injects faults into a cluster under load; acceptance/faults.py has the faults and the checks.

    python Tests/Acceptance/programs/faults.py --seed 1 --seconds 600 --members 3 --kinds ours
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import client_faults, faults  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument(
        "--kinds", default="ours", help="ours or real: one for all members, or one for each")
    parser.add_argument(
        "--client", action="store_true",
        help="the load is that of acceptance/client_faults.py, by the Swift client library")
    parser.add_argument(
        "--proxy", action="store_true", help="the clients use gRPC proxies of ours")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if len(kinds) == 1:
        kinds *= arguments.members
    if len(kinds) != arguments.members:
        parser.error(f"{len(kinds)} kinds for {arguments.members} members")
    injector_type = faults.FaultInjector
    if arguments.client:
        injector_type = client_faults.ClientFaultInjector
    elif arguments.proxy:
        injector_type = faults.ProxiedFaultInjector
    summary = faults.run(arguments.seed, kinds, arguments.seconds,
                         report=lambda text: print(text, file=sys.stderr, flush=True),
                         injector_type=injector_type)
    print(f"seed {arguments.seed}: {summary}")


if __name__ == "__main__":
    main()
