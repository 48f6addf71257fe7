"""From numbers to pictures: the timeline of a run or a comparison, drawn with matplotlib.

pyplot is never imported and no global setting is changed.
"""

from .timeline import display_bundle, draw_png, plot_timeline

__all__ = ["display_bundle", "draw_png", "plot_timeline"]
