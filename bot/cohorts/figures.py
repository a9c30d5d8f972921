"""The pulse as one picture and as the words that stand for it. No names, no ids: only what the pulse shows."""

from __future__ import annotations

from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

from bot.cohorts.model import FEW, Pulse, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SURE, _OPEN, _INK = "#0072b2", "#a6cee3", "#222222"  # told apart by lightness too, and the open part is hatched
_ONE_AT_A_TIME = Lock()  # matplotlib is not safe to use from two threads (its FAQ)
_INCHES, _DOTS = (8.0, 4.5), 120  # 960 by 540 pixels


def alternative(pulse: Pulse, words: Words) -> str:
    """The alternative text: everything that the picture shows."""
    return "\n".join([words.title, *(f"{words.names[each.name]}: {words.of(each)}" for each in pulse.figures)])


def picture(pulse: Pulse, words: Words) -> bytes:
    """A PNG of the figures as bars: filled as far as is sure, hatched for perhaps more.

    Blocks for a second at first; may be called in any thread.

    Raises:
        ValueError: the pulse has no figures.
    """
    if not pulse.figures:
        raise ValueError("too few people for a picture")
    from matplotlib import rc_context  # lazily: 50 MB that only this needs
    from matplotlib.figure import Figure as Sheet

    image = BytesIO()
    with _ONE_AT_A_TIME, rc_context({"text.usetex": False, "text.parse_math": False, "hatch.color": _SURE}):
        sheet = Sheet(figsize=_INCHES, dpi=_DOTS, layout="constrained")
        _draw(sheet.add_subplot(), pulse, words)
        sheet.savefig(image, format="png", metadata={"Software": None})  # by Agg: no pyplot, no screen
    return image.getvalue()


def _draw(axes: Axes, pulse: Pulse, words: Words) -> None:
    sure = [figure.at_least or 0 for figure in pulse.figures]
    rows = range(len(sure))
    axes.barh(rows, sure, color=_SURE)
    axes.barh(rows, FEW - 1, left=sure, color=_OPEN, hatch="//")
    for row, figure in enumerate(pulse.figures):
        axes.text(sure[row] + FEW, row, words.of(figure), va="center", color=_INK)
    axes.set_yticks(rows, [words.names[figure.name] for figure in pulse.figures])
    axes.set_xticks(range(0, (pulse.people or 0) + FEW, FEW))
    axes.set_xlim(0, (pulse.people or 0) + 3 * FEW)
    axes.invert_yaxis()
    axes.set_title(words.title, loc="left", color=_INK, wrap=True)
    axes.spines[["top", "right"]].set_visible(False)
