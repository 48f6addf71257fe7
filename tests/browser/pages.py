"""Notebooks in a browser: opened, run and read as a person does."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect
from playwright.sync_api import Error as BrowserError

PATHS = {
    "lab": "lab/workspaces/{workspace}/tree/",
    "notebook": "notebooks/",
    "voila": "voila/render/",
}
# Outputs, and not the sources of cells, which hold the same words.
OUTPUTS = {"lab": ".jp-Cell-outputWrapper", "notebook": ".jp-Cell-outputWrapper", "voila": "body"}
# Milliseconds, on a machine that does other things too.
LONG = 120_000
_TAKES_CELLS = """
() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    return panel?.content?.widgets?.length > 0
        && panel.sessionContext?.session?.kernel?.status === 'idle';
}
"""
_FAILED = """
() => {
    const outputs = cell => cell.model.sharedModel.toJSON().outputs ?? [];
    const cells = window.jupyterapp.shell.currentWidget.content.widgets;
    return cells.map((cell, number) => [outputs(cell), number])
        .filter(([outputs]) => outputs.some(output => output.output_type === 'error'))
        .map(([, number]) => number);
}
"""
# Not as they are shown: a cell whose source is hidden shows none.
_PROMPTS = """
() => window.jupyterapp.shell.currentWidget.content.widgets
    .map(cell => cell.model).filter(model => model.type === 'code')
    .map(model => model.executionState === 'running' ? '*' : model.executionCount ?? ' ')
    .map(count => `[${count}]:`)
"""


@dataclass
class Watch:
    """What must not happen on a page."""

    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def on_route(self, route: Route) -> None:
        """Let requests to this machine through, and no others."""
        address = urlparse(route.request.url)
        if address.scheme in ("data", "blob") or address.hostname == "127.0.0.1":
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def on_error(self, error: BrowserError) -> None:
        """Keep what went wrong in the page's scripts."""
        self.errors.append(f"{error}: {error.stack}")

    def on_console(self, line: ConsoleMessage) -> None:
        """Keep the errors that the console shows."""
        if line.type == "error":
            self.errors.append(f"{line.text} ({line.location.get('url')})")


class Open:
    """One notebook, open in one front end.

    Parameters
    ----------
    page, watch
        The browser's page and what was seen on it.
    front_end
        ``lab``, ``notebook`` or ``voila``.
    """

    def __init__(self, page: Page, watch: Watch, front_end: str) -> None:
        self.page, self.watch, self.front_end = page, watch, front_end
        self.outputs = page.locator(OUTPUTS[front_end])

    def wait_until_ready(self) -> None:
        """Wait until the kernel takes cells."""
        if self.front_end != "voila":
            self.page.wait_for_function(_TAKES_CELLS, timeout=LONG)
        if self.front_end == "lab":
            status = self.page.locator("#jp-main-statusbar")
            expect(status).to_contain_text(re.compile(r"\| Idle"), timeout=LONG)

    def run_all(self) -> None:
        """Queue all cells."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")

    def run_cell(self, number: int) -> None:
        """Queue one cell again."""
        self.page.evaluate(
            "(number) => { const notebook = window.jupyterapp.shell.currentWidget.content;"
            " notebook.deselectAll(); notebook.activeCellIndex = number;"
            " window.jupyterapp.commands.execute('notebook:run-cell') }",
            number,
        )

    def prompts(self) -> list[str]:
        """Return what stands before each code cell: ``[3]:`` once it has answered."""
        prompts: list[str] = self.page.evaluate(_PROMPTS)
        return prompts

    def wait_for_answers(self, *, timeout: float = 60) -> float:
        """Wait until all code cells have answered; return the seconds that took."""
        start = time.monotonic()
        while time.monotonic() < start + timeout:
            prompts = self.prompts()
            if prompts and all(re.fullmatch(r"\[\d+\]:", prompt) for prompt in prompts):
                return time.monotonic() - start
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not all cells answered in {timeout} s: {self.prompts()}")

    def failed_cells(self) -> list[int]:
        """Return which cells show an error, from 0."""
        failed: list[int] = self.page.evaluate(_FAILED)
        return failed

    def button(self, name: str) -> Locator:
        """Return a button in an output."""
        return self.outputs.get_by_role("button", name=name)

    def axe_violations(self, selector: str) -> list[str]:
        """Return what axe-core finds wrong with what the selector selects."""
        found = Axe().run(self.page, context=selector).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]

    def assert_clean(self) -> None:
        """Nothing left this machine, and the console shows no error."""
        assert not self.watch.outside, self.watch.outside
        assert not self.watch.errors, self.watch.errors


def open_notebook(
    browser: Browser,
    address: str,
    front_end: str,
    name: str,
    *,
    size: tuple[int, int] = (1280, 800),
) -> Open:
    """Open a notebook of the server's folder."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    watch = Watch()
    context.route("**/*", watch.on_route)
    page = context.new_page()
    page.on("console", watch.on_console)
    page.on("pageerror", watch.on_error)
    # A workspace of its own: JupyterLab opens again what was open in the last one.
    path = PATHS[front_end].format(workspace=uuid.uuid4().hex)
    page.goto(f"{address}{path}{name}", timeout=LONG)
    opened = Open(page, watch, front_end)
    opened.wait_until_ready()
    if front_end == "notebook":
        # While it opens a notebook, even an empty one, Notebook 7.6 itself has errors.
        page.wait_for_load_state("networkidle")
        watch.errors.clear()
    return opened
