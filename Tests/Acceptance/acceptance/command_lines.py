"""Command lines of etcdctl: how they are written, run and compared.

    ETCDCTL_HEX=true get a --prefix <<< the standard input

Words before the command set environment variables; in the standard input \\n is the end of a line.
`{lease}` is the ID of the lease that the script granted last, other names in braces are given by
the caller. Without `--endpoints` or ETCDCTL_ENDPOINTS the endpoint of the member is added.
"""
import concurrent.futures
import dataclasses
import os
import re
import shlex
import subprocess

from acceptance.transcripts import masked

VARIABLE = re.compile(r"ETCDCTL_[A-Z_]+=")
# What both tools print differently from one run to the next.
MASKS = [
    (r"(?m)^stty: .*\n", ""),
    (r"on \d+\.\d+\.\d+\.\d+:\d+", "on NAMESERVER"),
    (r"\d+(\.\d+)?(ns|µs|ms)\b", "TIME"),
    # Reads and syncs of other processes add entries.
    (r'"(raftIndex|raftAppliedIndex)":\d+', r'"\1":N'),
    (r'"(RaftIndex|RaftAppliedIndex)" : \d+', r'"\1" : N'),
    (r"((?:true|false), (?:true|false), \d+), \d+, \d+, ", r"\1, N, N, "),
]


@dataclasses.dataclass(frozen=True)
class Result:
    """What a command line did: masked outputs and the exit status."""
    line: str
    status: int
    output: str
    errors: str
    unmasked: str = dataclasses.field(default="", compare=False, repr=False)

    def __str__(self):
        return f"exit {self.status}\n--- output\n{self.output}--- errors\n{self.errors}"


def mask(text):
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return masked(text)


def lines(script):
    return [line for line in map(str.strip, script.splitlines()) if line]


def run(program, endpoint, line, names=(), directory=None, timeout=30):
    """Runs one command line."""
    command, _, stdin = line.partition(" <<< ")
    words = shlex.split(command.rstrip(" <"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory or "/")}
    while words and VARIABLE.match(words[0]):
        name, _, value = replaced(words.pop(0), names).partition("=")
        environment[name] = value
    words = [replaced(word, names) for word in words]
    if endpoint and "ETCDCTL_ENDPOINTS" not in environment and not any(
            word.startswith("--endpoints") for word in words):
        words = ["--endpoints", endpoint, *words]
    result = subprocess.run(
        [program, *words], capture_output=True, env=environment, timeout=timeout, cwd=directory,
        input=stdin.replace("\\n", "\n").encode(), start_new_session=True)
    encoding = "latin-1" if "protobuf" in line else "utf-8"
    output, errors = (
        text.decode(encoding, "replace") for text in (result.stdout, result.stderr))
    return Result(line, result.returncode, mask(output), mask(errors), output)


def replaced(word, names):
    for name, value in dict(names).items():
        word = word.replace("{" + name + "}", str(value))
    return word


def play(program, endpoint, script, names=(), directory=None, without=None):
    """Runs the lines of a script one after the other; `without` is left out of them."""
    names, results = {"lease": "none", **dict(names)}, []
    for line in lines(script):
        shortened = line.replace(without, "") if without else line
        result = run(program, endpoint, shortened, names, directory)
        results.append(dataclasses.replace(result, line=line))
        if granted := re.match(r"lease ([0-9a-f]{16}) granted", result.unmasked):
            names["lease"] = granted.group(1)
    return results


def play_together(calls):
    """Runs functions without arguments at the same time, and returns their results in order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def different(expected, actual):
    """The lines whose results differ, as text."""
    return "\n\n".join(
        f"$ {ours.line}\ntheirs: {theirs}\nours:   {ours}"
        for theirs, ours in zip(expected, actual, strict=True)
        if (theirs.status, theirs.output, theirs.errors) != (ours.status, ours.output, ours.errors))
