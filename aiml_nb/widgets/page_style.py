"""How our widgets look on the page, and how a page tells by itself that its kernel is gone.

No script: a front end marks the widgets of a kernel that was restarted with a class. And while a
race is made, its view changes its class every second; each change starts an animation anew, at
whose end, if no news comes, the buttons give way to a note.
"""

from __future__ import annotations

import ipywidgets as widgets

BEATS = ("aiml-nb-beat-0", "aiml-nb-beat-1")
PATIENCE = 5  # seconds without news

_STYLE = """
.aiml-nb-widget {position: relative}
.aiml-nb-widget > .aiml-nb-notes {order: -1; margin: 0; min-height: 0; height: auto}
.aiml-nb-notes p {display: none; margin: 0; font-weight: bold; line-height: 1.35}
.aiml-nb-widget.jupyter-widgets-disconnected .aiml-nb-note-restarted {display: block}
.aiml-nb-widget.jupyter-widgets-disconnected::before,
.aiml-nb-widget .jupyter-widgets-disconnected::before {content: none}
.aiml-nb-widget.jupyter-widgets-disconnected button,
.aiml-nb-widget.jupyter-widgets-disconnected select,
.aiml-nb-widget.jupyter-widgets-disconnected input,
.aiml-nb-widget.jupyter-widgets-disconnected textarea {visibility: hidden}
.aiml-nb-widget.jupyter-widgets-disconnected .aiml-nb-form {display: none}
[data-jp-theme-light="false"] .aiml-nb-widget img {filter: invert(0.93) hue-rotate(180deg)}
.aiml-nb-question {border: 0; margin: 0; padding: 0; min-width: 0; font-size: 15px}
.aiml-nb-question legend {font-weight: bold; padding: 0; margin-bottom: 4px}
.aiml-nb-question label {display: flex; align-items: center; min-height: 30px; gap: 8px;
  line-height: 1.35; cursor: pointer; width: fit-content}
.aiml-nb-question input {width: 24px; height: 24px; margin: 0; flex: none}
.aiml-nb-verdict {margin: 4px 0; padding: 6px 10px; border-left: 6px solid; font-size: 15px}
.aiml-nb-right {border-color: #00805E; background: rgba(0, 128, 94, 0.12)}
.aiml-nb-wrong {border-color: #C2410C; background: rgba(194, 65, 12, 0.12)}
.jp-OutputArea:has(.aiml-nb-quiz) .aiml-nb-twin {display: none}
.aiml-nb-race img {max-height: max(240px, calc(100vh - 480px)); object-fit: contain;
  object-position: left top}
.aiml-nb-race input[type="checkbox"] {width: 24px; height: 24px; margin: 0 4px}
.aiml-nb-race .widget-checkbox label {display: flex; align-items: center}
[data-voila="voila"] .aiml-nb-race img {max-height: max(240px, calc(100vh - 374px))}
.aiml-nb-race .widget-html-content {line-height: 1.35}
.aiml-nb-race .aiml-nb-status-line {min-height: 46px}
.aiml-nb-race .aiml-nb-standing-line {min-height: 38px}
.aiml-nb-race.aiml-nb-large .aiml-nb-standing-line {min-height: 50px}
.aiml-nb-race .aiml-nb-status-line .widget-html-content {display: grid; align-items: center}
.aiml-nb-headline {font-size: 20px; font-weight: bold; margin: 0}
.aiml-nb-standing {display: flex; align-items: flex-end; gap: 18px; margin: 0; font-size: 16px;
  min-height: 34px}
.aiml-nb-standing p {margin: 0}
.aiml-nb-podium {display: flex; align-items: flex-end; gap: 3px; list-style: none; margin: 0;
  padding: 0}
.aiml-nb-podium li {border-top: 3px solid #0072B2; padding: 1px 10px; min-width: 92px; margin: 0;
  white-space: nowrap; background: rgba(0, 114, 178, 0.14)}
.aiml-nb-podium li:first-child {padding-bottom: 9px}
.aiml-nb-large .aiml-nb-form > :first-child {display: none}
.aiml-nb-large img {max-height: max(240px, calc(100vh - 442px))}
[data-voila="voila"] .aiml-nb-large img {max-height: max(240px, calc(100vh - 356px))}
.aiml-nb-large .aiml-nb-headline {font-size: clamp(22px, 1.5vw, 28px)}
.aiml-nb-large .aiml-nb-standing {font-size: clamp(18px, 1.2vw, 24px); min-height: 46px}
.aiml-nb-race .aiml-nb-long {font-size: 16px}
""" + "".join(
    f"""
.{beat} .aiml-nb-note-silent {{display: block; visibility: hidden; position: absolute; top: 0;
  animation: {beat}-note 0s {PATIENCE}s forwards}}
.{beat} > .aiml-nb-form {{animation: {beat}-form 0s {PATIENCE}s forwards}}
@keyframes {beat}-note {{to {{visibility: visible}}}}
@keyframes {beat}-form {{to {{visibility: hidden}}}}
"""
    for beat in BEATS
)
_RESTARTED = "The kernel was restarted, and what ran in it is gone. Run this cell again."
_SILENT = (
    f"No news from the kernel for {PATIENCE} s: it is busy with something else, or it has died. "
    "If nothing moves any more, run this cell again."
)


def style_and_notes() -> widgets.Widget:
    """Return what a view of the class ``aiml-nb-widget`` holds besides its own parts."""
    notes = {"restarted": _RESTARTED, "silent": _SILENT}
    said = (
        f'<p role="alert" class="aiml-nb-note-{kind}">{text}</p>' for kind, text in notes.items()
    )
    held = widgets.HTML(f"<style>{_STYLE}</style>{''.join(said)}")
    held.add_class("aiml-nb-notes")
    return held
