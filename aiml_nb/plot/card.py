"""The white card: draws a plan on a matplotlib Figure."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .layout import Panel, Plan
from .legend import LINE_HEIGHT, draw_row, entries, rows_of
from .lettering import families
from .marks import draw_segments
from .placing import LABEL_GAP
from .style import (
    AXIS_SIZE,
    CAVEAT_SIZE,
    DPI,
    EDGE,
    GREEN,
    GREY,
    GRID,
    INK,
    PANEL_TITLE_SIZE,
    SAVED_SIZE,
    WIDTH,
)

_TOP = 6
_HEADLINE = 19
_CAVEAT = 14
_PANEL_TITLE = 19
_BETWEEN_PANELS = 15
_TICKS_AND_UNIT = 44
_BOTTOM = 6
# From this many seconds on, the seconds of a unit, and its name.
_UNITS = (
    (7200, 3600, "hours"),
    (600, 60, "minutes"),
    (0.1, 1, "seconds"),
    (0, 0.001, "milliseconds"),
)


def draw(figure: Figure, plan: Plan) -> None:
    """Draw the plan on an empty figure, whose size is set to what it needs.

    Parameters
    ----------
    figure
        The figure.
    plan
        What goes where.
    """
    states = [state for panel in plan.panels for state in panel.segments.states]
    bounds = [panel.bound for panel in plan.panels if panel.bound is not None]
    legend = rows_of(entries(states, row=plan.row, bound=bounds[0] if bounds else None))
    tops, axes_end = _tops(plan)
    height = axes_end + _TICKS_AND_UNIT + LINE_HEIGHT * len(legend) + _BOTTOM
    figure.set_layout_engine("none")
    figure.set_size_inches(WIDTH / DPI, height / DPI)
    figure.set_facecolor("white")
    _draw_header(figure, plan, height=height)
    first: Axes | None = None
    for panel, top in zip(plan.panels, tops, strict=True):
        last = panel is plan.panels[-1]
        first = _draw_panel(figure, plan, panel, top=top, height=height, last=last, share=first)
    for i, row in enumerate(legend):
        draw_row(figure, row, top=axes_end + _TICKS_AND_UNIT + i * LINE_HEIGHT, height=height)


def _tops(plan: Plan) -> tuple[list[float], float]:
    """Return where each panel's axes begin, and where the last one ends."""
    y: float = _TOP + _HEADLINE * len(plan.headline) + _CAVEAT * len(plan.caveat) + 2
    tops: list[float] = []
    for i, panel in enumerate(plan.panels):
        y += _PANEL_TITLE + (_BETWEEN_PANELS if i else 0)
        tops.append(y)
        y += plan.height_of(panel)
    return tops, y


def _draw_header(figure: Figure, plan: Plan, *, height: float) -> None:
    x, y = EDGE / WIDTH, float(_TOP)
    for line in plan.headline:
        y += _HEADLINE
        figure.text(
            x, 1 - (y - 5) / height, line, size=plan.headline_size, weight="bold", color=INK
        )
    for line in plan.caveat:
        y += _CAVEAT
        figure.text(x, 1 - (y - 3) / height, line, size=CAVEAT_SIZE, color=GREY)


def _draw_panel(
    figure: Figure,
    plan: Plan,
    panel: Panel,
    *,
    top: float,
    height: float,
    last: bool,
    share: Axes | None,
) -> Axes:
    axis, tall = plan.axis, plan.height_of(panel)
    box = (axis.left / WIDTH, 1 - (top + tall) / height, (axis.right - axis.left) / WIDTH)
    axes = figure.add_axes((*box, tall / height), sharex=share)
    axes.set(xlim=(0, axis.horizon), ylim=(tall / plan.row - 0.5, -0.5), facecolor="white")
    axes.set_title(panel.title, loc="left", size=PANEL_TITLE_SIZE, weight="bold", pad=4, color=INK)
    _style_axes(axes, plan, last=last)
    _name_rows(axes, plan, panel)
    draw_segments(axes, panel.segments, row=plan.row)
    if panel.bound is not None:
        bottom = max(panel.rows, 1) - 0.5
        axes.plot([panel.bound] * 2, [-0.5, bottom], "--", color="black", lw=1.2, zorder=4)
    _write_endings(axes, plan, panel)
    _draw_saving(axes, plan, panel)
    return axes


def _style_axes(axes: Axes, plan: Plan, *, last: bool) -> None:
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.spines["bottom"].set(color=GREY, zorder=7)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    places, texts, unit = ticks(plan.axis.horizon)
    axes.set_xticks(places, texts)
    axes.tick_params(axis="x", length=3 if last else 0, labelbottom=last, labelsize=AXIS_SIZE)
    if last:
        axes.set_xlabel(f"{unit} since the first call was submitted", size=AXIS_SIZE, labelpad=3)


def ticks(horizon: float) -> tuple[list[float], list[str], str]:
    """Return round places on the time axis, their texts, and the unit they are in.

    Parameters
    ----------
    horizon
        The end of the axis, seconds.
    """
    size, unit = next((size, unit) for least, size, unit in _UNITS if horizon >= least)
    values = MaxNLocator(nbins=9, steps=[1, 2, 2.5, 5, 10]).tick_values(0, horizon / size)
    shown = [float(value) for value in values if 0 <= value <= horizon / size * (1 + 1e-9)]
    step = shown[1] - shown[0] if len(shown) > 1 else 1.0
    decimals = next((d for d in range(4) if abs(round(step, d) - step) < 1e-9), 4)
    return [value * size for value in shown], [f"{v:,.{decimals}f}" for v in shown], unit


def _name_rows(axes: Axes, plan: Plan, panel: Panel) -> None:
    if panel.names:
        places, names = list(range(panel.rows)), panel.names
    else:
        places = [0, panel.rows - 1] if panel.rows else []
        names = ["call 1", f"call {panel.rows:,}"] if panel.rows else []
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0, pad=LABEL_GAP * 72 / DPI - 1, labelsize=plan.name_size)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        label.set_fontfamily(families(name))


def _write_endings(axes: Axes, plan: Plan, panel: Panel) -> None:
    for row, ending in enumerate(panel.endings):
        axes.annotate(
            ending.text,
            (ending.time, row),
            xytext=(ending.gap * 72 / DPI, 0),
            textcoords="offset points",
            va="center_baseline",
            size=plan.ending_size,
            weight="bold" if ending.bold else "normal",
            color=ending.colour,
            # White behind the words keeps the grid out of them.
            bbox={"boxstyle": "square,pad=0", "facecolor": "white", "edgecolor": "none"},
            zorder=6,
            annotation_clip=False,
        )


def _draw_saving(axes: Axes, plan: Plan, panel: Panel) -> None:
    if panel.arrow is None:
        return
    arrow = panel.arrow
    scale = plan.axis.horizon / (plan.axis.right - plan.axis.left)

    def place(x: float, y: float) -> tuple[float, float]:
        return (x - plan.axis.left) * scale, y / plan.row - 0.5

    head = {"arrowstyle": "<->", "color": GREEN, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
    axes.annotate(
        "",
        place(arrow.end, arrow.y),
        xytext=place(arrow.start, arrow.y),
        arrowprops=head,
        annotation_clip=False,
        zorder=5,
    )
    x, y = place(arrow.text_x, arrow.text_y)
    axes.text(
        x, y, panel.saved, ha=arrow.align, size=SAVED_SIZE, weight="bold", color=GREEN, zorder=6
    )
