"""The picture of the README: five values of swift-etcd as a share of etcd's.

It is drawn twice on a transparent background, for light and for dark pages. Its colours have a
contrast of at least 4.5 to the page.
"""
import dataclasses

from benchmarks.reports import svg, table
from benchmarks.rows import targets

WIDTH, HEIGHT = 720, 230
FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
# The left end of the bars, the mark of etcd's value, and the longest bar in shares of that value.
BARS, ETCD, LONGEST = 286, 690, 1.05
# Above this share of etcd's value the texts have no space between the bar and the mark.
LONG = 0.4
TOP, ROW, BAR = 40, 37, 22
# Sizes of the font; the width of a ratio with its margin.
LARGE, SMALL, SHARE = 17, 14, 58


@dataclasses.dataclass(frozen=True)
class Theme:
    page: str
    ink: str
    faint: str
    bar: str


LIGHT = Theme(page="#ffffff", ink="#1f2328", faint="#59636e", bar="#0969da")
DARK = Theme(page="#0d1117", ink="#e6edf3", faint="#9198a1", bar="#58a6ff")


@dataclasses.dataclass(frozen=True)
class Value:
    """A bar: its label, and the row and column of the results that it shows."""

    label: str
    row: str
    column: str
    unit: str

    def verdict(self, results):
        return next(
            (one for one in results["targets"]
             if (one["row"], one["column"]) == (self.row, self.column)), None)

    def is_unsteady(self, results):
        return any((one["row"], one["column"]) == (self.row, self.column)
                   for one in results.get("notMeasured", []))


VALUES = [
    Value("CPU of a put", "put, 100 x 10", targets.CPU, "µs"),
    Value("CPU of a watch event", "watch, 10,000 watchers on 100 streams (events)", targets.CPU,
          "µs"),
    Value("Memory with a million keys", "memory: keys of 64 B, 1,000,000", targets.RSS, "MB"),
    Value("Restart with ten million keys", "load of 10,000,000 keys", targets.RESTART, "s"),
    Value("Peak memory, 8 clients read all", "range of all 100,000 keys (1 KB), 8 x 1",
          targets.PEAK, "MB"),
]


def missing(results):
    """The rows of the summary that the run did not contain."""
    return [value.row for value in VALUES
            if value.verdict(results) is None and not value.is_unsteady(results)]


def absolute(verdict, unit):
    """Both values in their unit; empty where the results have ratios only."""
    if verdict.get("ours") is None or verdict.get("etcd") is None:
        return ""
    ours, etcd = table.number(verdict["ours"]), table.number(verdict["etcd"])
    return f"{ours} {unit}, etcd {etcd} {unit}"


def draw_bar(drawing, theme, y, verdict, unit):
    """The bar, with its texts after it, or in it if it is long."""
    ratio = verdict["measured"]
    length = min(ratio, LONGEST) * (ETCD - BARS)
    x, ink, faint = BARS + 8, theme.page, theme.page
    if ratio <= LONG:
        x, ink, faint = x + length, theme.ink, theme.faint
    drawing.box(BARS, y, length, BAR, theme.bar)
    drawing.text(x, y + 17, f"{ratio:.2f}x", size=LARGE, weight="bold", fill=ink)
    drawing.text(x + SHARE, y + 17, absolute(verdict, unit), size=SMALL, fill=faint)


def draw(results, theme):
    """The SVG document of the results that `results.py` has written."""
    drawing = svg.Drawing(ink=theme.ink)
    drawing.text(
        12, 20, "swift-etcd as a share of etcd 3.5.1; shorter is better", size=SMALL,
        fill=theme.faint)
    drawing.text(ETCD + 20, 20, "etcd = 100 %", size=SMALL, anchor="end", fill=theme.faint)
    for number, value in enumerate(VALUES):
        y, verdict = TOP + number * ROW, value.verdict(results)
        drawing.text(BARS - 12, y + 17, value.label, size=LARGE, anchor="end")
        if verdict is None:
            drawing.text(BARS + 8, y + 17, "not measured", size=SMALL, fill=theme.faint)
        else:
            draw_bar(drawing, theme, y, verdict, value.unit)
    drawing.box(ETCD - 0.75, 28, 1.5, HEIGHT - 36, theme.faint)
    return drawing.svg(WIDTH, HEIGHT, FONT)
