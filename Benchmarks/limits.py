"""Lower bounds of the machine for the parts of a request, to compare the cost of a request with.

    python Benchmarks/limits.py

Compiles limits.c with the system's compiler and runs it on the disk that the benchmarks use.
"""
from benchmarks.measurements import limits


def main():
    rows = [("", "us of time", "us of CPU"), *limits.measure()]
    width = max(len(row[0]) for row in rows)
    for name, passed, cpu in rows:
        print(f"{name:{width}}  {passed:>10}  {cpu:>9}")


if __name__ == "__main__":
    main()
