#!/usr/bin/env python3
"""Checks the modules of Package.swift: imports go down, every import is declared and used.

    python3 Scripts/modules.py            check; exit status 1 and a line for each violation
    python3 Scripts/modules.py --write    also write the module table of docs/ARCHITECTURE.md

The layers and the sentence above each target are read from the text of Package.swift, everything
else from the package description that SwiftPM prints.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ARCHITECTURE = ROOT / "docs/ARCHITECTURE.md"
TOOLCHAIN = {"Glibc", "Synchronization", "FoundationEssentials", "Dispatch", "Testing"}
IMPORT = re.compile(
    r"^(?:#if \w+\n +)?(?:@\w+(?:\([^)]*\))?\s+)*"
    r"(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)", re.M)
ROW = re.compile(r"((?:^    // .*\n)+)^    (?:module|program|\.target|\.systemLibrary)\(\s*"
                 r'(?:"\w+", |name: )?"(\w+)"', re.M)
TABLE = re.compile(r"(<!-- modules: .*-->\n).*?(<!-- modules end -->)", re.S)


class Module:
    """One target of the package, those of the tests included."""

    def __init__(self, target):
        self.name = target["name"]
        self.path = ROOT / (target["path"] or f"Sources/{self.name}")
        self.declared = {
            (dependency.get("byName") or dependency.get("target") or dependency["product"])[0]
            for dependency in target["dependencies"]}
        inside = self.path.relative_to(ROOT).parts
        self.is_test = inside[0] == "Tests"
        self.layer = inside[1] if inside[0] == "Sources" else None

    def imports(self):
        """Pairs of a file and a module that it imports, without those of the toolchain."""
        for path in sorted(self.path.rglob("*.swift")):
            if path.name.endswith(".pb.swift"):
                continue  # generated: the imports are the generator's choice
            if any(part.endswith(".docc") for part in path.parts):
                continue  # code of a tutorial, which is not compiled here
            for imported in IMPORT.findall(path.read_text()):
                if imported not in TOOLCHAIN:
                    yield path.relative_to(ROOT), imported


def package():
    description = subprocess.run(
        ["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [Module(target) for target in json.loads(description.stdout)["targets"]]


def layers():
    text = (ROOT / "Package.swift").read_text()
    return re.findall(r'"(\w+)"', re.search(r"let layers = \[(.*?)\]", text, re.S).group(1))


def sentences():
    text = (ROOT / "Package.swift").read_text()
    return {name: " ".join(line.strip().removeprefix("// ") for line in comment.splitlines())
            for comment, name in ROW.findall(text)}


def violations(modules):
    order = {layer: height for height, layer in enumerate(layers())}
    named = {module.name: module for module in modules}
    for layer in sorted((ROOT / "Sources").iterdir()):
        if layer.name not in order:
            yield f"Sources/{layer.name} is no layer of Package.swift"
            continue
        for folder in sorted(layer.iterdir()):
            if folder.is_dir() and not any(module.path == folder for module in modules) \
                    and folder.name != "Fuzz":
                yield f"Sources/{layer.name}/{folder.name} is no target of Package.swift"
    for module in modules:
        imported = set()
        for path, name in module.imports():
            imported.add(name)
            if name not in module.declared | {module.name}:
                yield f"{path}: imports {name}, which Package.swift does not list"
        # Tests list the programs that they start.
        programs = {name for name in module.declared if module.is_test and name in named
                    and named[name].layer == "Tools"}
        generated = {"SwiftProtobuf"} if any(module.path.rglob("*.pb.swift")) else set()
        for name in sorted(module.declared - imported - programs - generated):
            yield f"{module.name}: lists {name}, which no source imports"
        for name in sorted(module.declared & named.keys()):
            other = named[name]
            if other.is_test and not module.is_test:
                yield f"{module.name}: imports {name}, which is for tests"
            elif module.layer and order[other.layer] > order[module.layer]:
                yield f"{module.name}: imports {name} of the higher layer {other.layer}"


def table(modules):
    words = sentences()
    lines = ["| layer | module | what it is | imports |", "|---|---|---|---|"]
    own = {module.name for module in modules}
    for layer in layers():
        for module in modules:
            if module.layer == layer:
                imports = ", ".join(f"`{name}`" for name in sorted(module.declared & own)) or "-"
                lines.append(
                    f"| {layer} | `{module.name}` | {words.get(module.name, '')} | {imports} |")
    return "\n".join(lines) + "\n"


def main():
    modules = package()
    found = list(violations(modules))
    text = ARCHITECTURE.read_text()
    written = TABLE.sub(lambda match: match[1] + table(modules) + match[2], text)
    if "--write" in sys.argv:
        ARCHITECTURE.write_text(written)
    elif written != text or not TABLE.search(text):
        found.append("docs/ARCHITECTURE.md: the module table is not that of Package.swift "
                     "(python3 Scripts/modules.py --write)")
    for violation in found:
        print(violation)
    print(f"modules: {len(modules)} targets, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
