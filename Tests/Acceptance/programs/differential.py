"""Compares swift-etcd with a real etcd 3.5.1 on random calls; see acceptance/differential.py.

    python Tests/Acceptance/programs/differential.py --seed 7 --calls 100000
    python Tests/Acceptance/programs/differential.py --seed 7 --calls 100000 --users simple
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import auth_differential, differential  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--users", choices=["simple", "jwt"],
                        help="with users who have tokens of this kind; acceptance/auth_differential.py")
    parser.add_argument("--proxy", action="store_true",
                        help="the calls to ours go through a gRPC proxy of ours")
    arguments = parser.parse_args()

    def progress(done):
        print(f"{done} calls", file=sys.stderr)
    if arguments.users:
        counts, errors, refusals = auth_differential.run(
            arguments.seed, arguments.calls, arguments.users, progress)
        for text, count in sorted(refusals.items()):
            print(f"{text:60} {count}")
    else:
        counts, errors = differential.run(
            arguments.seed, arguments.calls, progress, is_proxied=arguments.proxy)
    for name, count in sorted(counts.items()):
        print(f"{name:28} {count}")
    print(f"seed {arguments.seed}: {arguments.calls} calls equal, {errors} of them errors")


if __name__ == "__main__":
    main()
