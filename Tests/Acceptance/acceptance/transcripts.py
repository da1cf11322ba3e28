"""Scripts of etcdctl commands, and what they print.

A line of a script is a command, with `<<<` before its standard input. `{lease}` is the ID of the
lease that the script granted last. IDs that a server generates are masked.
"""
import re
import shlex

MASKS = [
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\b[0-9a-f]{13,16}\b", "ID"),
    (r"\b\d{16,20}\b", "ID"),
    (r'"took":"[^"]*"', '"took":TIME'),
    (r"took[ =:]+[\d.]+\S*s", "took TIME"),
    (r"remaining\(\d+s\)", "remaining(TIME)"),
    (r'^\{"level":.*$\n?', ""),
]


def masked(text):
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def play(member, script):
    """Runs a script; returns a list of (command, exit status, stdout, stderr)."""
    lease, transcript = "none", []
    for line in filter(None, map(str.strip, script.splitlines())):
        command, _, stdin = line.partition(" <<< ")
        arguments = [word.replace("{lease}", lease) for word in shlex.split(command)]
        result = member.etcdctl(
            *arguments, check=False, input=stdin.replace("\\n", "\n"), timeout=30)
        granted = re.search(
            r"lease ([0-9a-f]{16}) granted with TTL\(\d+s\)$", result.stdout.strip())
        lease = granted.group(1) if granted else lease
        transcript.append(
            (line, result.returncode, masked(result.stdout), masked(result.stderr)))
    return transcript
