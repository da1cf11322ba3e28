#!/usr/bin/env python3
"""Checks that code and documents use the terms of the glossary in docs/ARCHITECTURE.md.

Each banned term is listed with its replacement. Identifiers are split at their capitals, so that
`tellClients` is found by `tell`. Exit status 1 and a line for each place.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["Sources", "Tests", "Benchmarks", "docs", "deploy", "README.md", "CONTRIBUTING.md",
           "CHANGELOG.md", "SECURITY.md", "Makefile", "Package.swift"]
SUFFIXES = {".swift", ".py", ".md", ".sh", ".c", ".h", ".txt", ".yaml", ""}
SKIPPED = {"recorded", "Regressions", "__pycache__", "results"}

# In identifiers, comments, texts and documents.
TERMS = {
    "guest": "caller", "ticket": "read request", "rouse": "unpark", "roomy": "writable",
    "carrier": "transport", "ledger": "statistics", "figures": "statistics, numbers",
    "overlay": "write buffer", "enquiry": "probe", "reception": "receiver", "recall": "restore",
    "founder": "initial member", "twin": "differential test, counterpart", "judge": "checker",
    "judged": "checked", "judgement": "verdict", "displace": "move", "seam": "abstraction",
    "reply": "response, completion", "replies": "responses, completions",
    "outcome": "response, result", "told": "notified, sent, recorded", "tell": "notify, report",
    "hub": "watch dispatcher", "sink": "receiver", "answer": "response, respond",
    "answered": "completed, responded to", "answering": "responding",
    "look": "inspect, read, status", "looked": "inspected, read", "turn": "run, tick",
    "surroundings": "context", "gathered": "pending, collected",
}
# In identifiers alone: as words of a sentence they are plain English.
IDENTIFIERS = {
    "note": "record, log", "noted": "recorded", "place": "slot, index, offset",
    "room": "capacity, module",
}
# Usual English, and etcd's own texts, that contain a banned term.
ALLOWED = re.compile(
    r"in turn\b|turn(s|ed)? (on|off|out|into|true|false)|look(s|ed)?[- ]?(up|ahead)\b|in ?place\b"
    r"|mount -t overlay overlay|WatcherHub|couldn't open sink|does not look like a TLS handshake",
    re.IGNORECASE)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def banned(part, table):
    """The replacement of a lower-case word, plurals and third persons included."""
    return table.get(part) or (table.get(part[:-1]) if part.endswith("s") else None)


def split(line, suffix):
    """Identifiers and prose of a line."""
    if suffix == ".md":
        return "", line
    mark = "//" if suffix in {".swift", ".c", ".h"} else "#"
    code, _, comment = line.partition(mark)
    return TEXT.sub('""', code), " ".join(TEXT.findall(code) + [comment])


def findings(line, suffix):
    code, prose = split(ALLOWED.sub("", line), suffix)
    for text, tables in ((code, (TERMS, IDENTIFIERS)), (prose, (TERMS,))):
        for word in WORD.findall(text):
            for part in PART.findall(word):
                for table in tables:
                    replacement = banned(part.lower(), table)
                    if replacement:
                        yield part.lower(), replacement


def files():
    for folder in FOLDERS:
        top = ROOT / folder
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if (path.is_file() and path.suffix in SUFFIXES and not SKIPPED & set(path.parts)
                    and not path.name.endswith(".pb.swift")):
                yield path


def main():
    count = 0
    for path in files():
        in_glossary = False
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if path.suffix == ".md" and line.startswith("#"):
                in_glossary = line.strip("# ") == "Glossary"
            for term, replacement in () if in_glossary else sorted(set(findings(line, path.suffix))):
                print(f"{path.relative_to(ROOT)}:{number}: {term}: use {replacement}")
                count += 1
    print(f"words: {count} banned terms")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
