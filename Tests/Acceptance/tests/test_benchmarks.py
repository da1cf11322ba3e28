"""The benchmarks' treatment of samples (medians, too large a spread), and their charts."""
import contextlib
import json
import pathlib
import sys
import types
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "Benchmarks"))

import chart as chart_program  # noqa: E402
from benchmarks.measurements.samples import OURS, THEIRS, Measurements  # noqa: E402
from benchmarks.measurements.samples import spread  # noqa: E402
from benchmarks.reports import chart, markdown, results, summary, table  # noqa: E402
from benchmarks.rows import catalogue, pauses, quiet, targets, work  # noqa: E402
from benchmarks.rows.section import Section  # noqa: E402

STEADY, UNSTEADY = [100, 110, 105], [100, 400, 105]
ROW = "put, 100 x 10"


def measured(ours, theirs, row=ROW, column=targets.THROUGHPUT):
    into = Measurements()
    for name, values in ((OURS, ours), (THEIRS, theirs)):
        for value in values:
            into.add(row, column, name, value)
    return into


def cells(into):
    return next(line for line in table.lines(into) if line[0] in into.samples)


def test_a_steady_median_is_shown_with_its_spread_and_verdict():
    into = measured([400, 420, 410], STEADY)
    assert cells(into)[2:] == ("410.0 ±2%", "105.0 ±5%", "3.90", ">= 3", "met")
    assert targets.verdicts(into)[0]["isMet"] and not targets.unmeasured(into)


@pytest.mark.parametrize("ours, theirs", [(UNSTEADY, STEADY), (STEADY, UNSTEADY)])
def test_a_spread_over_half_of_the_median_is_not_a_measurement(ours, theirs):
    into = measured(ours, theirs)
    row = cells(into)
    assert "not measured ±143%" in row[2:4] and row[4] == "-" and row[6] == "not measured"
    assert not targets.verdicts(into)
    assert [one["row"] for one in targets.unmeasured(into)] == [ROW]


def test_columns_about_the_machine_may_vary():
    into = measured([0, 900, 10], [5], column=work.STOLEN)
    assert cells(into)[2].startswith("10.0")


def test_one_sample_is_a_measurement():
    assert measured([5], [2]).ratio(ROW, targets.THROUGHPUT) == 2.5


class Rounds:
    """A section whose runs give the samples of a row from these lists."""

    def __init__(self, *results, narrows):
        self.results, self.runs = list(results), []
        self.narrows = narrows

    def section(self, names=("put, 1 x 1", ROW)):
        def measure(options, parent, into):
            self.runs.append(list(names))
            samples = self.results.pop(0)
            for row in names:
                for value in samples if row == ROW else STEADY:
                    into.add(row, targets.THROUGHPUT, OURS, value)
        return Section(measure, self.section if self.narrows else None)


def run(rounds, repeats=2):
    into = Measurements()
    into.add("measured before", targets.THROUGHPUT, OURS, 1)
    rounds.section().measure_steadily(types.SimpleNamespace(repeats=repeats), None, into)
    return into


def test_only_unsteady_rows_are_measured_again():
    rounds = Rounds(UNSTEADY, STEADY, narrows=True)
    into = run(rounds)
    assert rounds.runs == [["put, 1 x 1", ROW], [ROW]]
    assert into.values(ROW, targets.THROUGHPUT, OURS) == STEADY
    assert into.values("put, 1 x 1", targets.THROUGHPUT, OURS) == STEADY
    assert into.discarded == {ROW: [{targets.THROUGHPUT: {OURS: UNSTEADY}}]}
    assert list(into.samples) == ["measured before", "put, 1 x 1", ROW]


def test_dependent_rows_are_measured_again_together():
    rounds = Rounds(UNSTEADY, STEADY, narrows=False)
    into = run(rounds)
    assert rounds.runs == [["put, 1 x 1", ROW]] * 2
    assert into.values("put, 1 x 1", targets.THROUGHPUT, OURS) == STEADY


def test_unsteady_rows_are_measured_a_bounded_number_of_times():
    rounds = Rounds(UNSTEADY, UNSTEADY, UNSTEADY, narrows=True)
    into = run(rounds)
    assert len(rounds.runs) == 3 and len(into.discarded[ROW]) == 2
    assert into.measurement(ROW, targets.THROUGHPUT, OURS) is None


def test_a_narrowed_group_has_no_peak_row_unless_it_is_selected():
    group = work.GROUPS[0]
    assert group.narrowed(["put, 1 x 1"]).title is None
    assert [row.name for row in group.narrowed(["put, 1 x 1"]).rows] == ["put, 1 x 1"]
    whole = work.GROUPS[2]
    assert whole.narrowed([whole.rows[0].name]).title == whole.title


def test_every_section_can_be_measured_steadily():
    options = types.SimpleNamespace(
        only="", keys=1000, rounds=1, no_ten_million=False, no_million=False)
    assert all(isinstance(one, Section) for one in catalogue.sections(options))


def test_results_contain_discarded_samples(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results.processes, "versions", lambda binary: "")
    into = measured(UNSTEADY, STEADY)
    into.discard(ROW)
    path = results.write(into, types.SimpleNamespace(servers=[OURS], rounds=1, seconds=1))
    assert '"discarded"' in path.read_text() and '"notMeasured"' in path.read_text()


def test_the_spread_of_many_samples_is_that_of_their_middle_half():
    assert spread([1, 2, 3]) == 0.5 and spread([7]) == spread([]) == 0
    assert spread([100] * 15 + [1, 2, 900, 901, 902]) == 0


PAUSE = "pause: compaction, 1,000 revisions"


class StolenRounds:
    """A row whose rounds have these stolen milliseconds, and this ratio."""

    name = PAUSE

    def __init__(self, *stolen, ratio=1.1):
        self.stolen, self.ratio = list(stolen), ratio

    def measure(self, server_name, server, options, parent, into):
        into.add(PAUSE, targets.PAUSE, server_name, self.ratio)
        into.add(PAUSE, quiet.STOLEN, server_name, self.stolen.pop(0))


def run_quietly(row, rounds=2):
    into = Measurements()
    group = quiet.Group(
        lambda name, parent, number: contextlib.nullcontext(), lambda server, keys: None, [row])
    options = types.SimpleNamespace(rounds=rounds, servers=[OURS], keys=1)
    group.measure(options, None, into)
    return into


def test_a_round_with_steal_time_is_discarded_and_measured_again():
    row = StolenRounds(0, 20, 10, 0)
    into = run_quietly(row)
    assert into.values(PAUSE, quiet.STOLEN, OURS) == [0, 10] and row.stolen == [0]
    assert into.discarded == {
        PAUSE: [{targets.PAUSE: {OURS: [1.1]}, quiet.STOLEN: {OURS: [20]}}]}
    assert targets.verdicts(into)[0]["isMet"]
    assert markdown.tables(into).splitlines()[2] == (
        f"| {PAUSE} | swift-etcd | 1.10 ±0% | 5.00 ±100% | 2, 1 discarded "
        "| during / before: ours <= 1.3 met |")


def test_without_a_quiet_round_there_is_no_measurement():
    into = run_quietly(StolenRounds(*[30] * 6))
    assert len(into.discarded[PAUSE]) == 6 and not targets.verdicts(into)
    assert markdown.tables(into).splitlines()[2] == (
        f"| {PAUSE} | swift-etcd | - | - | 0, 6 discarded "
        "| during / before: ours <= 1.3 not measured |")


def test_every_row_of_the_pauses_has_a_target():
    names = [row.name for group in pauses.groups(1_000) for row in group.rows]
    assert len(set(names)) == len(names) and all(map(targets.targets_of, names))


def summary_data():
    return json.loads((ROOT / "docs" / "benchmarks" / "2026-11-summary.json").read_text())


def elements(document, name):
    return xml.etree.ElementTree.fromstring(document).findall(f"{{*}}{name}")


def bars(document, theme):
    return [box for box in elements(document, "rect") if box.get("fill") == theme.bar]


def texts(document):
    return [text.text for text in elements(document, "text")]


def contrast(*colours):
    """The contrast of two colours as WCAG defines it."""
    def luminance(colour):
        parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                  for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))
    dark, light = sorted(luminance(colour) for colour in colours)
    return (light + 0.05) / (dark + 0.05)


THEMES = pytest.mark.parametrize("theme", [summary.LIGHT, summary.DARK])


@THEMES
def test_the_summary_has_five_bars_in_proportion_to_etcd(theme):
    document = summary.draw(summary_data(), theme)
    whole = summary.ETCD - summary.BARS
    shares = [float(bar.get("width")) / whole for bar in bars(document, theme)]
    assert shares == pytest.approx([0.20, 0.11, 0.19, 0.11, 0.07], abs=0.001)
    found = texts(document)
    assert [text for text in found if text.endswith("x")] == [
        "0.20x", "0.11x", "0.19x", "0.11x", "0.07x"]
    assert "14.9 µs, etcd 75.0 µs" in found and "188.3 MB, etcd 2,613 MB" in found


@THEMES
def test_the_summary_is_readable_on_its_page(theme):
    for colour in (theme.ink, theme.faint, theme.bar):
        assert contrast(colour, theme.page) >= 4.5


def test_texts_of_a_long_bar_are_in_it():
    data = summary_data()
    data["targets"][0]["measured"] = 1.3
    document = summary.draw(data, summary.LIGHT)
    assert float(bars(document, summary.LIGHT)[0].get("width")) < summary.WIDTH - summary.BARS
    share = next(text for text in elements(document, "text") if text.text == "1.30x")
    assert float(share.get("x")) < summary.ETCD and share.get("fill") == summary.LIGHT.page


def test_an_unsteady_value_is_shown_as_not_measured():
    data = summary_data()
    data["notMeasured"] = [data["targets"].pop(0)]
    document = summary.draw(data, summary.LIGHT)
    assert not summary.missing(data) and "not measured" in texts(document)
    assert len(bars(document, summary.LIGHT)) == 4


def test_verdicts_have_what_the_summary_shows():
    verdict = next(one for one in targets.verdicts(measured([4], [20], column=targets.CPU)))
    assert summary.VALUES[0].verdict({"targets": [verdict]}) is verdict
    assert summary.absolute(verdict, "µs") == "4.00 µs, etcd 20.0 µs"


def draw_charts(monkeypatch, directory, data):
    path = directory / "results.json"
    path.write_text(json.dumps(data))
    monkeypatch.setattr(sys, "argv", ["chart.py", str(directory), str(path)])
    chart_program.main()


def test_the_committed_summary_is_that_of_its_data(tmp_path, monkeypatch):
    draw_charts(monkeypatch, tmp_path, summary_data())
    assert not (tmp_path / "full.svg").exists()
    for name in ("summary.svg", "summary-dark.svg"):
        committed = ROOT / "docs" / "benchmarks" / name
        assert (tmp_path / name).read_text() == committed.read_text()


def test_a_run_without_a_row_of_the_summary_gives_the_full_chart_alone(tmp_path, monkeypatch):
    into = measured(STEADY, STEADY)
    data = {"when": "2026-11-28", "cores": 2, "rounds": 3, "seconds": 2,
            "targets": targets.verdicts(into), "samples": into.samples}
    with pytest.raises(SystemExit, match="load of 10,000,000 keys"):
        draw_charts(monkeypatch, tmp_path, data)
    assert (tmp_path / "full.svg").read_text() == chart.draw(data)
    assert not (tmp_path / "summary.svg").exists()
