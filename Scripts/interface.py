#!/usr/bin/env python3
"""The public interface of the client library, as text that is committed and compared.

    python3 Scripts/interface.py           check; exit status 1 and the difference
    python3 Scripts/interface.py --write   write docs/reference/interface, for an intended change

A removed or changed line breaks programs that use it; an added one does not. Reads the modules of
the debug build.
"""
import difflib
import json
import pathlib
import re
import sys
import tempfile

import symbols

FOLDER = symbols.ROOT / "docs/reference/interface"
# `Identifiers` is imported with the client (`Exports.swift`).
MODULES = ["EtcdClient", "EtcdClientTesting", "Identifiers"]


def declaration(symbol):
    """The declaration in one line, without attributes of its documentation."""
    text = "".join(fragment["spelling"] for fragment in symbol["declarationFragments"])
    return re.sub(r"\s+", " ", text)


def lines(graph):
    """A line for each public declaration and each conformance, in the order of their names."""
    paths = {}
    found = []
    for symbol in graph["symbols"]:
        identifier = symbol["identifier"]["precise"]
        # What the compiler and the standard library add to a conforming type.
        if "::SYNTHESIZED::" in identifier or "docComment" not in symbol and is_derived(symbol):
            continue
        path = ".".join(symbol["pathComponents"])
        paths[identifier] = path
        found.append(f"{path}\t{declaration(symbol)}")
    for relation in graph["relationships"]:
        if relation["kind"] == "conformsTo" and relation["source"] in paths:
            target = relation.get("targetFallback", relation["target"])
            if target != "Swift.SendableMetatype":  # follows from Sendable
                found.append(f"{paths[relation['source']]}\t: {target}")
    return sorted(set(found))


def is_derived(symbol):
    """Members that the compiler derives for Hashable and Equatable."""
    return symbol["pathComponents"][-1] in {"hash(into:)", "hashValue", "==(_:_:)", "!=(_:_:)"}


def main():
    different = []
    with tempfile.TemporaryDirectory() as folder:
        for module in MODULES:
            graphs = symbols.extract(module, pathlib.Path(folder))
            text = "\n".join(sorted({line for graph in graphs for line in lines(graph)})) + "\n"
            committed = FOLDER / f"{module}.txt"
            before = committed.read_text() if committed.exists() else ""
            if "--write" in sys.argv:
                FOLDER.mkdir(parents=True, exist_ok=True)
                committed.write_text(text)
            elif text != before:
                different += difflib.unified_diff(
                    before.splitlines(), text.splitlines(), "committed", module, lineterm="", n=0)
    for line in different:
        print(line)
    if different:
        print("The public interface has changed. If that is intended: "
              "python3 Scripts/interface.py --write")
    print(f"interface: {len(MODULES)} modules, {'changed' if different else 'as committed'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
