"""Kills a member under load with kill -9, repeatedly; acceptance/kill.py has the checks.

    python Tests/Acceptance/programs/kill.py --rounds 100 --seed 1
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import kill  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=100)
    arguments = parser.parse_args()
    acknowledged = kill.run(
        arguments.seed, arguments.rounds,
        lambda done, writes: print(f"round {done}: {writes} writes acknowledged", file=sys.stderr))
    print(f"seed {arguments.seed}: {arguments.rounds} kills, {acknowledged} acknowledged writes, "
          "none lost")


if __name__ == "__main__":
    main()
