"""The targets of a run as a picture.

    python Benchmarks/chart.py docs/benchmark.svg [results/compare-....json]

Every target is a bar and a mark. A ratio is drawn as times better than etcd, so that longer is
better: throughput as ours to etcd's, CPU, p99, memory and restart as etcd's to ours.
"""
import argparse
import html
import json
import pathlib
import sys

import processes
import targets

WIDTH, LABELS, RIGHT = 960, 340, 110
BAR, GAP = 11, 10
# Where the scales end; a longer bar is cut and its number says the rest.
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


class Picture:
    """Elements of an SVG, from top to bottom."""

    def __init__(self):
        self.elements, self.y = [], 16

    def text(self, x, y, text, size=11, anchor="start", weight="normal", fill="#1f2428"):
        self.elements.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{fill}">{html.escape(text)}</text>')

    def box(self, x, y, width, height, fill):
        self.elements.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" '
            f'fill="{fill}"/>')

    def title(self, text, subtitle):
        self.y += 14
        self.text(12, self.y, text, size=15, weight="bold")
        self.text(12, self.y + 16, subtitle, fill="#57606a")
        self.y += 28

    def bar(self, value, most, colour, words, mark=None):
        """One bar of the current row; `mark` is where the target is."""
        scale = (WIDTH - LABELS - RIGHT) / most
        length = min(value, most) * scale
        self.box(LABELS, self.y, length, BAR - 2, colour)
        if mark is not None:
            self.box(LABELS + mark * scale - 1, self.y - 1, 2.5, BAR, "#1f2428")
        right = LABELS + max(length, 0 if mark is None else mark * scale)
        self.text(right + 6, self.y + BAR - 3, words, size=10)
        self.y += BAR

    def document(self):
        height = self.y + 12
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="Helvetica, Arial, sans-serif">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>', *self.elements,
            "</svg>", ""])


def times_better(verdict, value):
    """A ratio of ours to etcd's so that more is better."""
    return value if verdict["isLeast"] else 1 / value if value else TIMES_MAX


def by_row(verdicts):
    rows = {}
    for verdict in verdicts:
        rows.setdefault(verdict["row"], []).append(verdict)
    return rows


def legend(picture, verdicts):
    x, columns = LABELS, {verdict["column"] for verdict in verdicts}
    for name, colour in dict.fromkeys(KINDS[column] for column in KINDS if column in columns):
        picture.box(x, picture.y, 9, 9, colour)
        picture.text(x + 13, picture.y + 8, name, size=10)
        x += 13 + 6.2 * len(name) + 14
    picture.y += 20


def draw_ratios(picture, verdicts):
    picture.title("Times better than etcd 3.5.1", "longer is better; the black mark is the target")
    legend(picture, verdicts)
    for row, found in by_row(verdicts).items():
        middle = picture.y + len(found) * BAR / 2 + 3
        picture.text(LABELS - 10, middle, row, anchor="end")
        for verdict in found:
            value = times_better(verdict, verdict["measured"])
            sign = "✓" if verdict["isMet"] else "✗"
            picture.bar(
                value, TIMES_MAX, KINDS[verdict["column"]][1], f"{value:.1f}x {sign}",
                times_better(verdict, verdict["bound"]))
        picture.y += GAP


def draw_pauses(picture, verdicts):
    picture.title(
        "p99 of puts while it runs, to the idle value",
        "shorter is better; blue ours, grey etcd 3.5.1; the black mark is the target")
    picture.y += 8
    for verdict in verdicts:
        picture.text(LABELS - 10, picture.y + BAR + 3, verdict["row"], anchor="end")
        sign = "✓" if verdict["isMet"] else "✗"
        picture.bar(
            verdict["measured"], PAUSE_MAX, OURS_COLOUR, f"{verdict['measured']:.1f} {sign}",
            verdict["bound"])
        if verdict["etcd"] is not None:
            picture.bar(verdict["etcd"], PAUSE_MAX, ETCD_COLOUR, f"{verdict['etcd']:.1f}")
        picture.y += GAP


def draw(results):
    """The SVG document of what `results.py` wrote."""
    picture = Picture()
    ratios = [verdict for verdict in results["targets"] if not verdict["isOwn"]]
    own = [verdict for verdict in results["targets"] if verdict["isOwn"]]
    if ratios:
        draw_ratios(picture, ratios)
    if own:
        draw_pauses(picture, own)
    if not results["targets"]:
        picture.title("Not measured yet", "make benchmark, then make chart")
        return picture.document()
    picture.y += 14
    picture.text(
        12, picture.y, f"{results['when'][:10]}, {results['cores']} cores, "
        f"{results['rounds']} rounds of {results['seconds']:g} s, medians", fill="#57606a")
    return picture.document()


def newest():
    """The results of the last run, None before the first."""
    found = sorted((processes.ROOT / "results").glob("compare-*.json"))
    return found[-1] if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=pathlib.Path, help="the SVG to write")
    parser.add_argument(
        "results", type=pathlib.Path, nargs="?", default=newest(),
        help="what compare.py wrote (the newest)")
    options = parser.parse_args()
    if options.results is None:
        sys.exit("no results yet: run `make benchmark` first")
    options.picture.write_text(draw(json.loads(options.results.read_text())))


if __name__ == "__main__":
    main()
