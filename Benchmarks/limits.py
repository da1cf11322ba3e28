"""What the machine takes for what no server can leave out, beside which a request's cost stands.

    python Benchmarks/limits.py

Compiles limits.c with the system's compiler and runs it on the disk that the benchmarks use.
"""
import pathlib
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("limits.c")


def main():
    with tempfile.TemporaryDirectory(prefix="limits-") as directory:
        program = pathlib.Path(directory) / "limits"
        subprocess.run(["cc", "-O2", "-Wall", "-o", program, SOURCE], check=True)
        output = subprocess.run(
            [program, directory], check=True, capture_output=True, text=True).stdout
    rows = [("", "us passed", "us of CPU")]
    rows += [tuple(line.split("\t")) for line in output.splitlines()]
    width = max(len(row[0]) for row in rows)
    for name, passed, cpu in rows:
        print(f"{name:{width}}  {passed:>9}  {cpu:>9}")


if __name__ == "__main__":
    main()
