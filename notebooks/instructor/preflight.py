"""Before a class: does everything run here? ``python notebooks/instructor/preflight.py``.

Any Python may start it. If that one has not got the package, it goes on in the project's own
environment, ``.venv``, or says what to type.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

LESSONS = Path(__file__).resolve().parents[1]
ROOT = LESSONS.parent
# Where an environment keeps its interpreter: here, and on Windows.
OWN = (ROOT / ".venv" / "bin" / "python", ROOT / ".venv" / "Scripts" / "python.exe")
INSTALL = "pip install -e '.[lab]'  in the project's folder"
CELL = """
import os, sys
from aiml_nb.course import predict
print(os.path.realpath(sys.prefix))
predict("0.2", "How long will it take?", unit="s")
"""
WIDGET = "application/vnd.jupyter.widget-view+json"
MANAGER = "@jupyter-widgets/jupyterlab-manager"
PATIENCE = 90


def main() -> int:
    """Look at this machine, run every lesson's script, and say whether all is ready."""
    if importlib.util.find_spec("aiml_nb") is None:
        return _go_on_in_own()
    import aiml_nb as nb

    found = nb.check_up()
    print(f"ok    interpreter  {sys.executable}\n{found}", flush=True)
    is_well = [found.is_well, check_kernel(), check_front_end()]
    is_well += [check_script(script) for script in sorted((LESSONS / "scripts").glob("*.py"))]
    if not all(is_well):
        print("Not ready: a line above says 'wrong', and why.")
        return 1
    print("Ready. Now open lesson 1 in the browser that will be used, and choose Run All Cells.")
    return 0


def check_kernel() -> bool:
    """Start a kernel as a notebook does, and run a cell that shows a widget in it."""
    try:
        from jupyter_client.manager import start_new_kernel
    except ImportError:
        return _tell(
            "wrong", "a kernel", f"none is installed for {sys.executable}. Type  {INSTALL}."
        )
    began = time.perf_counter()
    shown: list[dict] = []
    try:
        manager, client = start_new_kernel(startup_timeout=PATIENCE, stderr=subprocess.DEVNULL)
    except Exception as error:  # noqa: BLE001  whatever keeps it from starting is what is told
        return _tell("wrong", "a kernel", f"it does not start: {error}. Type  {INSTALL}.")
    try:
        client.execute_interactive(
            CELL, timeout=PATIENCE, output_hook=lambda message: shown.append(message["content"])
        )
    except TimeoutError:
        return _tell("wrong", "a kernel", f"a cell did not answer in {PATIENCE} s")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return _judge_kernel(shown, time.perf_counter() - began)


def _judge_kernel(shown: list[dict], seconds: float) -> bool:
    """Say what the cell's outputs tell of the kernel and of widgets."""
    text = "".join(each.get("text", "") for each in shown).strip()
    errors = [f"{each['ename']}: {each['evalue']}" for each in shown if "ename" in each]
    if errors:
        return _tell("wrong", "a kernel", f"{errors[0]}. Type  {INSTALL}.")
    if text != os.path.realpath(sys.prefix):
        meant = f"the kernel 'python3' is that of {text}, and not of {sys.prefix}"
        return _tell("wrong", "a kernel", f"{meant}. Choose another one in the notebook's menu.")
    _tell("ok", "a kernel", f"a cell has answered; with its start in {seconds:.1f} s")
    if not any(WIDGET in each.get("data", {}) for each in shown):
        return _tell("wrong", "a widget", f"a question shows no buttons. Type  {INSTALL}.")
    return _tell("ok", "a widget", "a question has its buttons, seen from the kernel")


def check_front_end() -> bool:
    """Start JupyterLab on the lessons; ask for its page, its widgets and the first lesson."""
    if importlib.util.find_spec("jupyterlab") is None:
        told = f"JupyterLab is not installed. For VS Code, well; else type  {INSTALL}."
        return _tell("note", "front end", told)
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        options = [f"--ServerApp.root_dir={LESSONS}", "--ServerApp.port=0"]
        server = subprocess.Popen(  # noqa: S603  JupyterLab
            [*program, *options],
            env={**os.environ, "JUPYTER_RUNTIME_DIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return _judge_front_end(server, Path(folder))
        except (OSError, ValueError) as error:
            return _tell("wrong", "front end", f"JupyterLab does not answer: {error}")
        finally:
            server.terminate()
            server.wait()


def _judge_front_end(server: subprocess.Popen, folder: Path) -> bool:
    began = time.perf_counter()
    while (place := _where_it_answers(folder)) is None:
        if server.poll() is not None or time.perf_counter() > began + PATIENCE:
            told = "JupyterLab does not start. Type  jupyter lab  and read what it says."
            return _tell("wrong", "front end", told)
        time.sleep(0.1)
    page = _get(place, "lab")
    config = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.S)
    extensions = json.loads(config[1])["federated_extensions"] if config else []
    if MANAGER not in [each["name"] for each in extensions]:
        told = "JupyterLab has not got the part that shows widgets"
        return _tell("wrong", "front end", f"{told}. Type  pip install -U jupyterlab_widgets.")
    first = min(path.name for path in LESSONS.glob("*.ipynb"))
    _get(place, f"api/contents/{first}?content=0")
    taken = time.perf_counter() - began
    return _tell("ok", "front end", f"JupyterLab shows widgets and {first}; up in {taken:.1f} s")


def _where_it_answers(folder: Path) -> dict | None:
    """Read where the server is. It writes that down a moment before anybody can connect."""
    try:
        (place,) = (json.loads(path.read_text()) for path in folder.glob("jpserver-*.json"))
        with socket.create_connection(("127.0.0.1", place["port"]), timeout=PATIENCE):
            return place
    except (ValueError, OSError):
        return None


def _get(place: dict, path: str) -> str:
    """Ask the server, which is on this machine, past every proxy."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{place['port']}{place['base_url']}{path}",
        headers={"Authorization": f"token {place['token']}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=PATIENCE) as reply:
        return reply.read().decode()


def check_script(script: Path) -> bool:
    """Run a lesson's script in an empty folder."""
    began, name = time.perf_counter(), f"{script.stem:22}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = subprocess.run(  # noqa: S603  our own script
                [sys.executable, str(script)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _tell("wrong", name, "not done after 120 s")
    if ran.returncode == 0:
        return _tell("ok", name, f"{time.perf_counter() - began:.1f} s")
    return _tell("wrong", name, (ran.stderr or ran.stdout or "no message").splitlines()[-1])


def _go_on_in_own() -> int:
    """Run this program again with the project's own interpreter, if there is one."""
    for python in OWN:
        if python.exists() and Path(sys.prefix) != ROOT / ".venv":
            print(f"note  interpreter  {sys.executable} has no aiml_nb; going on with {python}")
            sys.stdout.flush()
            return subprocess.call([str(python), __file__])  # noqa: S603  this program
    found = f"{sys.executable} (Python {sys.version.split()[0]}) has no aiml_nb"
    _tell("wrong", "interpreter", f"{found}, and there is no {OWN[0]}. Type, in {ROOT}:")
    print("      python3 -m venv .venv && .venv/bin/pip install -e '.[lab]'")
    return 1


def _tell(state: str, subject: str, text: str) -> bool:
    print(f"{state:6}{subject:12} {text}", flush=True)
    return state != "wrong"


if __name__ == "__main__":
    sys.exit(main())
