"""Injects faults into a cluster under load; acceptance/faults.py has the faults and the checks.

    python Tests/Acceptance/programs/faults.py --seed 1 --seconds 600 --members 3 --kinds ours
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import faults  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument(
        "--kinds", default="ours", help="ours or real: one for all members, or one for each")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if len(kinds) == 1:
        kinds *= arguments.members
    if len(kinds) != arguments.members:
        parser.error(f"{len(kinds)} kinds for {arguments.members} members")
    summary = faults.run(arguments.seed, kinds, arguments.seconds,
                         report=lambda text: print(text, file=sys.stderr, flush=True))
    print(f"seed {arguments.seed}: {summary}")


if __name__ == "__main__":
    main()
