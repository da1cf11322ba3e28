"""The commands of the guides do what the guides say: each block runs, in order, on machines.

docs/internals/testing.md says how machines are made and which programs have stand-ins.
"""
import re

import pytest

from acceptance import guides
from acceptance.machines import Machines
from acceptance.members import ROOT

PAGES = [*sorted((ROOT / "docs/operating").glob("*.md")), ROOT / "SECURITY.md"]
LINKING = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "Examples").rglob("*.md")]
# How many blocks do not run in any test, and the reasons that there are.
EXCLUDED_MAX = 3
REASONS = {"kubernetes": "needs a kubelet", "registry": "needs a container registry"}


def blocks_of(page):
    return guides.blocks(page.read_text())


@pytest.mark.parametrize("page", [
    pytest.param(page, id=page.stem) for page in PAGES if any(b.is_run for b in blocks_of(page))])
def test_the_commands_of_the_page_do_as_it_says(page, tmp_path, certificates):
    machines = Machines(tmp_path, certificates.ca)
    try:
        guides.run(page, machines)
    finally:
        machines.close()


def test_every_block_of_commands_is_run_or_says_why_not():
    excluded = []
    for page in PAGES:
        text = page.read_text()
        found = blocks_of(page)
        assert sum("\n```sh" in f"\n{line}" for line in text.splitlines()) == sum(
            not text.splitlines()[block.line - 1].startswith("<!--") for block in found), page
        assert text.count("```bash") == text.count("```console") == 0, page
        for block in found:
            if block.tested_by:
                tests = (ROOT / "Tests/Acceptance/tests" / block.tested_by).with_suffix(".py")
                assert tests.exists(), f"{page.name}:{block.line}"
            elif block.excluded:
                assert block.excluded in REASONS, f"{page.name}:{block.line}"
                excluded.append(f"{page.name}:{block.line}")
    assert len(excluded) <= EXCLUDED_MAX, excluded


def anchors(page):
    """The anchors of the headings of a page, as renderers of Markdown make them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.M)}


@pytest.mark.parametrize("page", LINKING, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_the_page_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link
