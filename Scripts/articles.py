#!/usr/bin/env python3
"""Checks the articles of the client library: their code is compiled, their links resolve.

Each Swift block of an article is a part of a source of the examples or of the client's tests, and
each step of the tutorial of the example it leads to. Links are resolved by the toolchain's docc,
with the symbols of the debug build.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import symbols

CATALOGUE = symbols.ROOT / "Sources/Client/EtcdClient/EtcdClient.docc"
RESOURCES = CATALOGUE / "Tutorials/Resources"
EXAMPLE = symbols.ROOT / "Examples/ConfigurationWatcher/Sources/ConfigurationWatcher"
SOURCES = [symbols.ROOT / "Examples", symbols.ROOT / "Tests/EtcdClientTests"]
PAGES = [symbols.ROOT / "docs/reference/swift-client.md"]


def stripped(text):
    return [line.strip() for line in text.strip().splitlines()]


def blocks():
    """Pairs of a page and the lines of one of its Swift blocks."""
    for page in sorted(CATALOGUE.rglob("*.md")) + PAGES:
        for block in re.findall(r"^```swift\n(.*?)^```", page.read_text(), re.S | re.M):
            yield page, stripped(block)


def uncompiled():
    sources = [stripped(path.read_text()) for folder in SOURCES
               for path in sorted(folder.rglob("*.swift")) if ".build" not in path.parts]
    for page, block in blocks():
        if not any(source[start:start + len(block)] == block
                   for source in sources for start in range(len(source))):
            yield f"{page.relative_to(symbols.ROOT)}: no source has this code: {block[0]}"


def outdated_steps():
    for step in sorted(RESOURCES.glob("*.swift")):
        program = EXAMPLE / (re.sub(r"-\d+$", "", step.stem) + ".swift")
        rest = iter(stripped(program.read_text()))
        missing = [line for line in stripped(step.read_text()) if line not in rest]
        if missing:
            yield f"{step.relative_to(symbols.ROOT)}: the example has no line: {missing[0]}"


def unresolved_links():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        symbols.extract("EtcdClient", folder)
        result = subprocess.run(
            [symbols.tool("docc"), "convert", CATALOGUE, "--additional-symbol-graph-dir",
             folder / "EtcdClient", "--fallback-display-name", "EtcdClient",
             "--fallback-bundle-identifier", "EtcdClient", "--output-path", folder / "out",
             "--diagnostic-level", "warning"],
            capture_output=True, text=True)
        for block in (result.stdout + result.stderr).split("\n\n"):
            # A parameter whose name says everything needs no text.
            if re.match(r"(warning|error):", block.strip(), re.I) and not re.match(
                    r"warning: Parameter '\w+' is missing documentation", block.strip()):
                yield block.strip()


def main():
    found = [*uncompiled(), *outdated_steps(), *unresolved_links()]
    for violation in found:
        print(violation)
    print(f"articles: {len(list(blocks()))} blocks of code, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
