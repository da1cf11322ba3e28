"""The targets of a run as an SVG chart.

Each target is a bar with a mark. A ratio is drawn as times better than etcd, so that longer is
better: throughput as ours to etcd's, CPU, p99, memory and restart as etcd's to ours.
"""
from benchmarks import ROOT
from benchmarks.reports import svg
from benchmarks.rows import targets

WIDTH, LABELS, RIGHT = 960, 340, 110
BAR, GAP = 11, 10
# Ends of the scales; longer bars are cut off and labelled with their value.
TIMES_MAX, PAUSE_MAX = 8, 4

KINDS = {
    targets.THROUGHPUT: ("throughput", "#2f6fb0"),
    targets.CPU: ("CPU for each request", "#3d9a6d"),
    targets.HALF: ("p99 at half of etcd's rate", "#b07d2f"),
    targets.RSS: ("memory", "#8a5fb0"),
    targets.PEAK: ("memory", "#8a5fb0"),
    targets.RESTART: ("restart", "#b0506f"),
}
OURS_COLOUR, ETCD_COLOUR = "#2f6fb0", "#9aa3ad"


class Chart(svg.Drawing):
    """A drawing that grows from top to bottom, on a white background."""

    def __init__(self):
        super().__init__()
        self.y = 16

    def title(self, text, subtitle):
        self.y += 14
        self.text(12, self.y, text, size=15, weight="bold")
        self.text(12, self.y + 16, subtitle, fill="#57606a")
        self.y += 28

    def bar(self, value, scale_end, colour, label, mark=None):
        """A bar of the current row; `mark` is the target."""
        scale = (WIDTH - LABELS - RIGHT) / scale_end
        length = min(value, scale_end) * scale
        self.box(LABELS, self.y, length, BAR - 2, colour)
        if mark is not None:
            self.box(LABELS + mark * scale - 1, self.y - 1, 2.5, BAR, "#1f2428")
        right = LABELS + max(length, 0 if mark is None else mark * scale)
        self.text(right + 6, self.y + BAR - 3, label, size=10)
        self.y += BAR

    def document(self):
        height = self.y + 12
        self.elements.insert(0, f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>')
        return self.svg(WIDTH, height, "Helvetica, Arial, sans-serif")


def times_better(verdict, value):
    """The ratio of ours to etcd's, inverted where less is better."""
    return value if verdict["isLeast"] else 1 / value if value else TIMES_MAX


def by_row(verdicts):
    rows = {}
    for verdict in verdicts:
        rows.setdefault(verdict["row"], []).append(verdict)
    return rows


def legend(chart, verdicts):
    x, columns = LABELS, {verdict["column"] for verdict in verdicts}
    for name, colour in dict.fromkeys(KINDS[column] for column in KINDS if column in columns):
        chart.box(x, chart.y, 9, 9, colour)
        chart.text(x + 13, chart.y + 8, name, size=10)
        x += 13 + 6.2 * len(name) + 14
    chart.y += 20


def draw_ratios(chart, verdicts):
    chart.title("Times better than etcd 3.5.1", "longer is better; the black mark is the target")
    legend(chart, verdicts)
    for row, found in by_row(verdicts).items():
        middle = chart.y + len(found) * BAR / 2 + 3
        chart.text(LABELS - 10, middle, row, anchor="end")
        for verdict in found:
            value = times_better(verdict, verdict["measured"])
            sign = "✓" if verdict["isMet"] else "✗"
            chart.bar(
                value, TIMES_MAX, KINDS[verdict["column"]][1], f"{value:.1f}x {sign}",
                times_better(verdict, verdict["bound"]))
        chart.y += GAP


def draw_pauses(chart, verdicts):
    chart.title(
        "during an operation to before it (p99 of puts), or to the row beside (CPU)",
        "shorter is better; blue ours, grey etcd 3.5.1; the black mark is the target")
    chart.y += 8
    for verdict in verdicts:
        chart.text(LABELS - 10, chart.y + BAR + 3, verdict["row"], anchor="end")
        sign = "✓" if verdict["isMet"] else "✗"
        chart.bar(
            verdict["measured"], PAUSE_MAX, OURS_COLOUR, f"{verdict['measured']:.1f} {sign}",
            verdict["bound"])
        if verdict["etcd"] is not None:
            chart.bar(verdict["etcd"], PAUSE_MAX, ETCD_COLOUR, f"{verdict['etcd']:.1f}")
        chart.y += GAP


def draw(results):
    """The SVG document of the results that `results.py` has written."""
    chart = Chart()
    ratios = [verdict for verdict in results["targets"] if not verdict["isOwn"]]
    own = [verdict for verdict in results["targets"] if verdict["isOwn"]]
    if ratios:
        draw_ratios(chart, ratios)
    if own:
        draw_pauses(chart, own)
    if not results["targets"]:
        chart.title("Not measured yet", "make benchmark, then make chart")
        return chart.document()
    chart.y += 14
    chart.text(
        12, chart.y, f"{results['when'][:10]}, {results['cores']} cores, "
        f"{results['rounds']} rounds of {results['seconds']:g} s, medians", fill="#57606a")
    return chart.document()


def newest():
    """The results of the last run, None before the first."""
    found = sorted((ROOT / "results").glob("compare-*.json"))
    return found[-1] if found else None
