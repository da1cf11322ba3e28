"""Records what etcdutl of a real etcd 3.7 prints.

    python Tests/Acceptance/programs/record_etcdutl.py /path/to/directory/of/programs

Writes recorded/etcdutl: a snapshot of a real member, and the outputs of all command lines of
acceptance/etcdutl.py on it.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from acceptance import etcdutl  # noqa: E402
from acceptance.members import Member  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "recorded/etcdutl"


def history(member, etcdctl):
    """Some keys, a deleted one, a lease, a user; a compaction in the middle."""
    def run(*words):
        member.etcdctl(*words, program=etcdctl)

    for number in range(20):
        run("put", f"key{number % 4}", f"a value of number {number}")
    run("compaction", "8")
    run("del", "key3")
    run("put", "key3", "again")
    run("del", "key2")
    run("put", "large", "x" * 5000)
    run("lease", "grant", "3600")
    run("user", "add", "u", "--no-password")


def main():
    programs = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        member = Member(str(programs / "etcd"), directory / "m.etcd").start()
        history(member, str(programs / "etcdctl"))
        member.etcdctl("snapshot", "save", str(FOLDER / "s.db"), program=str(programs / "etcdctl"))
        member.stop()
        files = etcdutl.prepare(directory / "files", FOLDER / "s.db")
        program = str(programs / "etcdutl")
        steps = [step for lines in (etcdutl.LINES, etcdutl.NEWER_LINES)
                 for step in etcdutl.play(program, lines, files)]
        version = subprocess.run([program, "version"], capture_output=True, text=True).stdout
    with open(FOLDER / "outputs.jsonl", "w") as file:
        file.write(json.dumps({"version": version}) + "\n")
        for line, status, output, errors in steps:
            file.write(json.dumps({"line": line, "status": status, "output": output,
                                   "errors": errors}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
