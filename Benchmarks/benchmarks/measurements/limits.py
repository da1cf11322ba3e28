"""Runs limits.c, which measures lower bounds of the machine."""
import pathlib
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("limits.c")


def measure():
    """Compiles and runs limits.c; returns rows of (name, microseconds, microseconds of CPU)."""
    with tempfile.TemporaryDirectory(prefix="limits-") as directory:
        program = pathlib.Path(directory) / "limits"
        subprocess.run(["cc", "-O2", "-Wall", "-o", program, SOURCE], check=True)
        output = subprocess.run(
            [program, directory], check=True, capture_output=True, text=True).stdout
    return [tuple(line.split("\t")) for line in output.splitlines()]
