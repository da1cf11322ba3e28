"""Makes the packages of a release build: a tarball, a Debian package and a container image.

    python3 Scripts/package.py [--build DIR] [--into DIR]

The same programs give the same bytes: files have the time of the commit (or $SOURCE_DATE_EPOCH),
owner root, and a fixed order.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import tempfile

from packages import debian, image, tarball
from packages.contents import ROOT, Contents


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--build", type=pathlib.Path, default=ROOT / ".build/release",
        help="directory of the programs (.build/release)")
    parser.add_argument(
        "--into", type=pathlib.Path, default=ROOT / "packages", help="where the packages go")
    return parser.parse_args()


def commit_time():
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    shown = subprocess.run(
        ["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True)
    return int(shown.stdout) if shown.returncode == 0 else 0


def main():
    options = arguments()
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="package-") as work:
        contents = Contents(options.build, pathlib.Path(work), commit_time())
        made = [
            tarball.write(contents, options.into),
            debian.write(contents, options.into),
            image.write(contents, options.into),
        ]
    sums = options.into / "SHA256SUMS"
    sums.write_text("".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made))
    for path in [*made, sums]:
        print(f"{path.stat().st_size / 1e6:8.1f} MB  {path}")


if __name__ == "__main__":
    main()
