"""Texts and boxes of an SVG document."""
import html


class Drawing:
    """The elements of an SVG document, in the order in which they are drawn."""

    def __init__(self, ink="#1f2428"):
        self.elements, self.ink = [], ink

    def text(self, x, y, text, size=11, anchor="start", weight="normal", fill=None):
        self.elements.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{fill or self.ink}">{html.escape(text)}</text>')

    def box(self, x, y, width, height, fill):
        self.elements.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" '
            f'fill="{fill}"/>')

    def svg(self, width, height, font):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="{font}">', *self.elements,
            "</svg>", ""])
