"""The commands of a guide: read from its Markdown, run in order on machines, output compared.

A block ```` ```sh OPTIONS ```` holds commands; OPTIONS are not shown to readers:

- `on=m1,m2` names the machines on which it runs, at the same time; without it, m1
- `fails` says that the commands fail
- `no-run=REASON` excludes it, with the reason as one word; `tested-by=FILE` names the test that
  runs it instead

A comment `<!-- sh OPTIONS` holds commands that only the test needs. A block ```` ```text ```` after
a block of commands is their output, in which `...` stands for anything.
"""
import concurrent.futures
import dataclasses
import re

BLOCK = re.compile(
    r"^(?P<open>```sh|<!-- sh)(?P<options>[^\n]*)\n(?P<script>.*?)^(?:```|-->)$"
    r"(?:\n+```text\n(?P<output>.*?)^```$)?", re.M | re.S)


@dataclasses.dataclass(frozen=True)
class Block:
    """One block of commands. `excluded` is the reason for which it does not run, or None."""
    line: int
    script: str
    machines: tuple
    output: str | None
    fails: bool
    excluded: str | None
    tested_by: str | None

    @property
    def is_run(self):
        return not self.excluded and not self.tested_by


def blocks(text):
    """The blocks of a page, in order."""
    found = []
    for match in BLOCK.finditer(text):
        options = dict(
            option.partition("=")[::2] for option in match["options"].split())
        unknown = set(options) - {"on", "fails", "no-run", "tested-by"}
        assert not unknown, f"unknown options {unknown}"
        found.append(Block(
            text.count("\n", 0, match.start()) + 1, match["script"],
            tuple(options.get("on", "m1").split(",")), match["output"], "fails" in options,
            options.get("no-run"), options.get("tested-by")))
    return found


def run(page, machines):
    """Runs the blocks of a page; raises AssertionError at the first that does not do as shown."""
    for block in blocks(page.read_text()):
        if not block.is_run:
            continue
        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = list(pool.map(
                lambda name: machines.run(name, block.script), block.machines))
        for name, result in zip(block.machines, results):
            where = f"{page.name}:{block.line} on {name}: exit status {result.returncode}\n"
            assert (result.returncode != 0) == block.fails, (
                where + block.script + result.stdout + "\n" + machines.log(name))
            if block.output is not None:
                assert is_like(result.stdout, block.output), (
                    where + result.stdout + "\nis not like\n" + block.output)


def is_like(output, shown):
    """Whether an output is as shown; blanks at the ends of lines do not count."""
    def lines(text):
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = re.escape(lines(shown)).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, lines(output), re.S) is not None
