#!/usr/bin/env python3
"""Holds the imports of every target against the module table in docs/ARCHITECTURE.md.

The compiler accepts an import of a target that is only reachable through another one; this
check does not. Exit status 1 and a line for each violation.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYSTEM = {"Glibc", "Synchronization", "FoundationEssentials", "Dispatch"}
LIBRARIES = {
    "SwiftProtobuf", "Crypto", "NIOCore", "NIOPosix", "NIOEmbedded", "NIOHTTP1", "NIOConcurrencyHelpers",
    "NIOExtras", "NIOSSL", "Logging", "CoreMetrics", "Metrics", "Atomics", "ArgumentParser", "Yams", "CYaml",
    "Collections", "DequeModule", "SystemPackage", "ServiceLifecycle", "X509", "JWTKit",
    "Configuration", "CNGHTTP2", "CZlib", "CCRC32C", "CFutex", "CPrefetch",
}
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)", re.M)


def module_table():
    """Reads rows `| folder/Target | sentence | imports |` of the architecture document."""
    table = {}
    for line in (ROOT / "docs/ARCHITECTURE.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 3 or not re.fullmatch(r"`\w+/\w+`", cells[0]):
            continue
        folder = cells[0].strip("`")
        table[folder] = set(re.findall(r"`(\w+)`", cells[2]))
    return table


def main():
    table = module_table()
    targets = {folder.split("/")[1]: folder for folder in table}
    violations = []
    for folder in sorted(table):
        if not (ROOT / "Sources" / folder).is_dir():
            violations.append(f"{folder}: in the module table, but Sources/{folder} is missing")
    for layer in sorted((ROOT / "Sources").iterdir()):
        for room in sorted(layer.iterdir()) if layer.is_dir() else []:
            name = f"{layer.name}/{room.name}"
            if room.is_dir() and name not in table and any(room.rglob("*.swift")):
                violations.append(f"{name}: not in the module table")
    for folder, allowed in sorted(table.items()):
        own = folder.split("/")[1]
        for path in sorted((ROOT / "Sources" / folder).rglob("*.swift")):
            if path.name.endswith(".pb.swift"):
                continue  # generated: imports are SwiftProtobuf's choice
            for module in IMPORT.findall(path.read_text()):
                if module in SYSTEM | LIBRARIES | {own} or module in allowed:
                    continue
                where = path.relative_to(ROOT)
                kind = "is not in its row" if module in targets else "is not a known library"
                violations.append(f"{where}: imports {module}, which {kind}")
    for violation in violations:
        print(violation)
    print(f"imports: {len(table)} targets, {len(violations)} violations")
    return 1 if violations or not table else 0


if __name__ == "__main__":
    sys.exit(main())
