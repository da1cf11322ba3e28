"""What the benchmarks make of their samples: figures, and samples that differ too much for one."""
import pathlib
import sys
import types

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Benchmarks"))

import compare  # noqa: E402
import results  # noqa: E402
import table  # noqa: E402
import targets  # noqa: E402
import work  # noqa: E402
from repeats import Section  # noqa: E402
from samples import OURS, THEIRS, Measurements  # noqa: E402

STEADY, WILD = [100, 110, 105], [100, 400, 105]
ROW = "put, 100 x 10"


def measured(ours, theirs, row=ROW, column=targets.THROUGHPUT):
    into = Measurements()
    for name, values in ((OURS, ours), (THEIRS, theirs)):
        for value in values:
            into.add(row, column, name, value)
    return into


def cells(into):
    return next(line for line in table.lines(into) if line[0] in into.samples)


def test_a_steady_figure_is_shown_with_its_spread_and_judged():
    into = measured([400, 420, 410], STEADY)
    assert cells(into)[2:] == ("410.0 ±2%", "105.0 ±5%", "3.90", ">= 3", "met")
    assert targets.verdicts(into)[0]["isMet"] and not targets.unmeasured(into)


@pytest.mark.parametrize("ours, theirs", [(WILD, STEADY), (STEADY, WILD)])
def test_a_spread_over_half_of_the_median_is_no_figure(ours, theirs):
    into = measured(ours, theirs)
    row = cells(into)
    assert "not measured ±143%" in row[2:4] and row[4] == "-" and row[6] == "not measured"
    assert not targets.verdicts(into)
    assert [one["row"] for one in targets.unmeasured(into)] == [ROW]


def test_circumstances_may_differ():
    into = measured([0, 900, 10], [5], column=work.STOLEN)
    assert cells(into)[2].startswith("10.0")


def test_one_sample_is_a_figure():
    assert measured([5], [2]).ratio(ROW, targets.THROUGHPUT) == 2.5


class Rounds:
    """A section that measures a row by the given samples, one list each time."""

    def __init__(self, *times, narrows):
        self.times, self.runs = list(times), []
        self.narrows = narrows

    def section(self, names=("put, 1 x 1", ROW)):
        def measure(options, parent, into):
            self.runs.append(list(names))
            samples = self.times.pop(0)
            for row in names:
                for value in samples if row == ROW else STEADY:
                    into.add(row, targets.THROUGHPUT, OURS, value)
        return Section(measure, self.section if self.narrows else None)


def run(rounds, repeats=2):
    into = Measurements()
    into.add("measured before", targets.THROUGHPUT, OURS, 1)
    rounds.section().measure_steadily(types.SimpleNamespace(repeats=repeats), None, into)
    return into


def test_only_rows_that_differ_too_much_are_measured_again():
    rounds = Rounds(WILD, STEADY, narrows=True)
    into = run(rounds)
    assert rounds.runs == [["put, 1 x 1", ROW], [ROW]]
    assert into.values(ROW, targets.THROUGHPUT, OURS) == STEADY
    assert into.values("put, 1 x 1", targets.THROUGHPUT, OURS) == STEADY
    assert into.discarded == {ROW: [{targets.THROUGHPUT: {OURS: WILD}}]}
    assert list(into.samples) == ["measured before", "put, 1 x 1", ROW]


def test_rows_that_need_each_other_are_measured_again_together():
    rounds = Rounds(WILD, STEADY, narrows=False)
    into = run(rounds)
    assert rounds.runs == [["put, 1 x 1", ROW]] * 2
    assert into.values("put, 1 x 1", targets.THROUGHPUT, OURS) == STEADY


def test_what_never_agrees_is_measured_a_bounded_number_of_times():
    rounds = Rounds(WILD, WILD, WILD, narrows=True)
    into = run(rounds)
    assert len(rounds.runs) == 3 and len(into.discarded[ROW]) == 2
    assert into.figure(ROW, targets.THROUGHPUT, OURS) is None


def test_a_narrowed_group_adds_no_peak_of_its_own_but_for_a_row_that_has_one():
    group = work.GROUPS[0]
    assert group.narrowed(["put, 1 x 1"]).title is None
    assert [row.name for row in group.narrowed(["put, 1 x 1"]).rows] == ["put, 1 x 1"]
    whole = work.GROUPS[2]
    assert whole.narrowed([whole.rows[0].name]).title == whole.title


def test_every_section_can_be_measured_steadily():
    options = types.SimpleNamespace(
        only="", keys=1000, rounds=1, no_ten_million=False, no_million=False)
    assert all(isinstance(one, Section) for one in compare.sections(options))


def test_results_keep_what_was_discarded(tmp_path, monkeypatch):
    monkeypatch.setattr(results.processes, "ROOT", tmp_path)
    monkeypatch.setattr(results.processes, "versions", lambda binary: "")
    into = measured(WILD, STEADY)
    into.discard(ROW)
    path = results.write(into, types.SimpleNamespace(servers=[OURS], rounds=1, seconds=1))
    assert '"discarded"' in path.read_text() and '"notMeasured"' in path.read_text()
