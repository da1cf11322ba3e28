"""The help of our etcdctl has every command, flag, kind and default of etcdctl 3.7.1.

recorded/etcdctl/commands.tsv is the table: program, command, usage, kind, flag, type, default.
"""
import collections
import csv
import os
import pathlib
import re
import shlex
import subprocess

import pytest

from acceptance.command_lines import play_together
from acceptance.members import ROOT, our_etcdctl
from acceptance.recorded import FOLDER

Row = collections.namedtuple("Row", "program command usage kind flag type default")

# The table does not list the commands of `check`, nor `help`.
UNLISTED = {
    "check": ("etcdctl check [command]", []),
    "check perf": ("etcdctl check perf [options] [flags]", [
        ("--auto-compact", "bool", "false"), ("--auto-defrag", "bool", "false"),
        ("--load", "string", "s"), ("--prefix", "string", "/etcdctl-check-perf/")]),
    "check datascale": ("etcdctl check datascale [options] [flags]", [
        ("--auto-compact", "bool", "false"), ("--auto-defrag", "bool", "false"),
        ("--load", "string", "s"), ("--prefix", "string", "/etcdctl-check-datascale/")]),
    "help": ("etcdctl help [command] [flags]", []),
}
# What a flag without a default in its help is.
EMPTY = {"bool": "false", "int": "0", "uint": "0", "string": "", "duration": "0s"}


def table():
    path = FOLDER / "etcdctl" / "commands.tsv"
    with open(path, encoding="utf-8", newline="") as file:
        return [Row(*line) for line in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                if len(line) == len(Row._fields)][1:]


def expected():
    """Usage and flags of every command."""
    commands = dict(UNLISTED)
    for row in table():
        if row.command == "(global)":
            continue
        if row.kind == "flag":
            commands[row.command][1].append((row.flag, row.type, row.default))
        else:
            commands[row.command] = (row.usage, [])
    return commands


def flags(text, heading):
    """The flags of a section of a help: name, kind and default, without those of all commands."""
    _, _, section = text.partition(f"\n{heading}:\n")
    found = []
    for line in section.split("\n\n")[0].splitlines():
        if not (match := re.match(r" +(?:-(\w), )?(--[\w-]+)(?: (\w+))?   +(.*)", line)):
            continue
        shorthand, name, kind, description = match.groups()
        kind = kind or "bool"
        default = re.search(r' \(default "?(.*?)"?\)$', description)
        found.append((f"{name} -{shorthand}" if shorthand else name, kind,
                      default[1] if default else EMPTY[kind]))
    return [flag for flag in found if flag[0] != "--help -h"]


def output(*words, **variables):
    result = subprocess.run(
        [our_etcdctl(), *words], capture_output=True, text=True, timeout=30,
        env={"PATH": os.environ["PATH"], **variables})
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def test_every_command_has_its_usage_and_flags():
    commands = expected()
    assert len(commands) == 63

    def check(command):
        words = [] if command == "(root)" else command.split()
        text = output(*words, "--help")
        usage, wanted = commands[command]
        assert f"Usage:\n  {usage}\n" in text, f"{command}: {text}"
        assert sorted(flags(text, "Flags")) == sorted(wanted), command
        assert text.endswith(
            'Use "etcdctl options" for a list of global command-line options (applies to all '
            'commands).\n')
        assert output("help", *words) == text
        assert words or output() == text

    play_together([lambda command=command: check(command) for command in commands])


def test_groups_list_their_commands():
    commands = expected()
    for group in {"", *(name.rpartition(" ")[0] for name in commands if " " in name)}:
        text = output(*group.split(), "--help")
        wanted = {name.rpartition(" ")[2] for name in commands
                  if name != "(root)" and name.rpartition(" ")[0] == group}
        _, _, listed = text.partition("\n\n")[2].partition("\n\n")
        found = set(re.findall(r"(?m)^  ([a-z-]+) +\S", listed))
        assert found - {"etcdctl"} == wanted, group
    assert "--cluster" in output("endpoint", "status", "--help").partition("Global Flags:")[2]


def test_options_lists_the_flags_of_all_commands():
    wanted = [(row.flag, row.type, row.default.strip("[]")) for row in table()
              if row.command == "(global)"]
    text = output("options").replace("any command:\n\n", "any command:\n\nFlags:\n")
    found = [(name, kind, default.strip("[]")) for name, kind, default in flags(text, "Flags")]
    assert sorted(found) == sorted(wanted)


# A value of each kind that is not the default, as `--debug` prints it.
VALUES = {"bool": ("true", "false"), "string": ("x",), "int": ("7",), "duration": ("3s",),
          "strings": ("127.0.0.1:1,127.0.0.1:2",)}


def test_every_global_flag_has_its_variable():
    variables = {}
    for row in table():
        if row.command == "(global)":
            name = "ETCDCTL_" + row.flag.split()[0][2:].upper().replace("-", "_")
            value = next(one for one in VALUES[row.type] if one != row.default)
            variables[name] = "json" if name == "ETCDCTL_WRITE_OUT" else value
    # These ask a name server and read files before anything else.
    for name in ("ETCDCTL_DISCOVERY_SRV", "ETCDCTL_CERT", "ETCDCTL_KEY", "ETCDCTL_CACERT",
                 "ETCDCTL_DEBUG"):
        variables.pop(name)
    result = subprocess.run(
        [our_etcdctl(), "--debug", "snapshot", "save", "x"], capture_output=True, text=True,
        timeout=30, env=variables)
    shown = dict(line.split("=", 1) for line in result.stderr.splitlines() if "=" in line)
    for name, value in variables.items():
        assert shown[name] == (f"[{value}]" if name == "ETCDCTL_ENDPOINTS" else value)
    assert result.returncode == 5, "a snapshot of two endpoints"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts_have_every_command(shell):
    script = output("completion", shell)
    for command in expected():
        if command != "(root)":
            assert command.split()[-1] in script, command


def test_the_completion_of_bash():
    typed = ('COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _etcdctl; '
             'echo "${{COMPREPLY[@]}}"')
    for words, completed in [
            ("etcdctl lease gr", "grant"), ("etcdctl me", "member"),
            ("etcdctl get --count", "--count-only"), ("etcdctl --write-o", "--write-out"),
            ("etcdctl endpoint status --clu", "--cluster"), ("etcdctl check p", "perf")]:
        shell = subprocess.run(
            ["bash", "-c", output("completion", "bash") + "\n" + typed.format(words=words)],
            capture_output=True, text=True, timeout=30)
        assert (shell.stdout, shell.stderr) == (f"{completed}\n", "")


# The commands in the documentation.

def documented():
    """Every command line of etcdctl in the blocks of README.md and docs."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in re.findall(r"(?ms)^```sh\n(.*?)^```", path.read_text()):
            for line in block.splitlines():
                if line.startswith("etcdctl "):
                    yield shlex.split(line, comments=True)[1:]


def test_the_documentation_has_commands_that_exist():
    commands = set(expected())
    listed = list(documented())
    assert len(listed) > 15
    for words in listed:
        text = output(*words, "--help")
        usage = re.search(r"Usage:\n  etcdctl ([a-z -]+?)(?: [<\[].*)?\n", text)[1]
        assert usage in commands and "Available Commands" not in text, words


def test_the_commands_of_the_readme_run(member):
    text = (ROOT / "README.md").read_text()
    block = re.search(r"(?s)## Use it\n.*?```sh\n(.*?)```", text)[1]
    variables = {"PATH": f"{pathlib.Path(our_etcdctl()).parent}:{os.environ['PATH']}",
                 "ETCDCTL_ENDPOINTS": member.endpoint}
    lines = [line for line in block.splitlines() if line.startswith("etcdctl ")]
    assert len(lines) == 3
    for line in lines:
        watch = " watch " in line
        # A watch is ended after it has printed what was put.
        script = f"exec 3< <(exec {line} --rev=1); head -3 <&3; kill $!" if watch else line
        run = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, timeout=60, env=variables)
        assert (run.returncode, run.stderr) == (0, ""), line
        assert run.stdout == ("PUT\ngreeting\nhello\n" if watch else
                              "OK\n" if " put " in line else "greeting\nhello\n")
