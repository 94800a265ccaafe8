"""Charts in one style: matplotlib drawings that follow the page's light or dark theme.

On a page a chart is SVG whose sentinel colours became CSS variables: the same text fits both themes without a
redraw. Colours are Okabe and Ito's, told apart with every common colour-vision deficiency, and never carry a
meaning alone. Figures are made without pyplot, which is global and not safe in threads.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = 11
"""Size of labels, in pixels."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours a drawing may use: four of the page, four of its own."""

    ink: str
    muted: str
    line: str
    surface: str
    blue: str
    sky: str
    orange: str
    red: str


ON_WHITE = Palette("#1f2328", "#59636e", "#d1d9e0", "#ffffff", "#0072b2", "#56b4e9", "#e69f00", "#d55e00")
_SENTINELS = Palette(
    "#010203", "#010204", "#010205", "#010206", "#010207", "#010208", "#010209", "#01020a"
)  # fmt: skip
"""Colours nobody would draw with, to be found again in the SVG."""
_VARIABLES = {getattr(_SENTINELS, name): f"var(--ytq-{name})" for name in Palette.__slots__}

Draw = Callable[[Any, Palette], None]
"""Draws on matplotlib axes with the colours it is given."""

_DRAWING = threading.Lock()
_HEAD = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_SIZE = re.compile(r'(<svg [^>]*?)width="[\d.]+pt" height="[\d.]+pt"')
_FONT = re.compile(r"font-family: [^;\"]*")
_SENTINEL = re.compile("|".join(_VARIABLES))


@cache
def style() -> str:
    """Return the dashboard's style sheet as a `<style>` element."""
    return f"<style>{files('ytquota.dashboard').joinpath('theme.css').read_text(encoding='utf-8')}</style>"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with the sentence that it proves.

    Attributes:
        title: the finding, in words: the page shows it above the drawing, screen readers read it out.
        size: width and height in pixels.
        draw: draws it.
    """

    title: str
    size: tuple[int, int]
    draw: Draw

    def svg(self) -> str:
        """Return an `<svg>` element for a page: real text, colours of its theme, as wide as its place."""
        buffer = io.StringIO()
        # ids inside must differ from chart to chart: all of them live in one page
        salt = hashlib.sha256(f"{self.title}{self.size}".encode()).hexdigest()[:16]
        with _drawing(salt):
            _figure(self, _SENTINELS).savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
        return self._embedded(buffer.getvalue())

    def _repr_html_(self) -> str:
        """Show the chart with its title, as the last line of a notebook's cell."""
        return f'{style()}<div class="ytq"><h4>{html.escape(self.title)}</h4>{self.svg()}</div>'

    def save(self, path: Path) -> Path:
        """Write the chart with its title, on white, as PNG or SVG by the file's suffix; return the path."""
        with _drawing("file"):
            figure = _figure(self, ON_WHITE)
            figure.axes[0].set_title(self.title, loc="left", fontsize=TEXT + 2, color=ON_WHITE.ink, pad=10)
            figure.savefig(path, dpi=144, facecolor="white", metadata={"Title": self.title})
        return path

    def _embedded(self, svg: str) -> str:
        svg = _HEAD.sub("", svg)
        svg = _FONT.sub("font-family: inherit", svg)
        svg = _SENTINEL.sub(lambda match: _VARIABLES[match[0]], svg)
        style = f"max-width:{round(self.size[0] * 1.1)}px;stroke-linejoin:round"
        label = html.escape(self.title, quote=True)
        head = rf'\1class="ytq-figure" role="img" aria-label="{label}" style="{style}"'
        return _SIZE.sub(head, svg, count=1)


def _figure(chart: Chart, palette: Palette) -> Figure:
    # 72 dots an inch: one point is one pixel of the page
    figure = Figure(figsize=(chart.size[0] / 72, chart.size[1] / 72), dpi=72)
    figure.set_layout_engine("constrained", w_pad=2 / 72, h_pad=3 / 72)
    axes = figure.subplots()
    _plain(axes, palette)
    chart.draw(axes, palette)
    return figure


def _plain(axes: Any, palette: Palette) -> None:
    """No box, a quiet grid behind the data, small labels."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(palette.line)
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=palette.line, linewidth=0.8)
    axes.tick_params(length=0, labelsize=TEXT, labelcolor=palette.muted, pad=5)


@contextmanager
def _drawing(salt: str) -> Iterator[None]:
    """Set what matplotlib reads from its global settings while it draws.

    Only these two: `rc_context` would also take back what a notebook sets in the meantime.
    """
    settings: Any = mpl.rcParams
    with _DRAWING:
        before = {name: settings[name] for name in ("svg.fonttype", "svg.hashsalt")}
        settings.update({"svg.fonttype": "none", "svg.hashsalt": salt})
        try:
            yield
        finally:
            settings.update(before)
