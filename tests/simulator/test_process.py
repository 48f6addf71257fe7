from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import psutil
import pytest

import aiml_nb
from aiml_nb.simulator import Settings, SimulatorError, SimulatorProcess, shared_process

from ..waiting import let_pass, wait_until

CHILD = [sys.executable, "-P", "-m", "aiml_nb.simulator"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and fork are POSIX's")


def start_child(**options):
    environment = {**os.environ, "PYTHONPATH": str(Path(aiml_nb.__file__).parents[1])}
    return subprocess.Popen(
        CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, **options
    )


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def wait_until_gone(pid, *, seconds=5.0):
    wait_until(lambda: not is_alive(pid), patience=seconds)


def get_models(base_url, token):
    request = urllib.request.Request(
        f"{base_url}/models", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())["data"]


def test_the_first_line_is_the_base_url_and_the_end_of_stdin_ends_it():
    with start_child() as child:
        line = child.stdout.readline().decode()
        child.stdin.close()

        assert child.wait(2) == 0
        assert child.stdout.read() == b""
    assert line.startswith("http://127.0.0.1:")
    assert line.endswith("/v1\n")


def test_a_line_on_stdin_registers_a_service():
    with start_child() as child:
        base_url = child.stdout.readline().decode().strip()

        def register(line):
            child.stdin.write(line + b"\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        good = {"token": "a-token-of-mine", "settings": {"seed": 1, "faults": {"3": 500}}}
        assert register(json.dumps(good).encode()) == {"ok": True}
        assert get_models(base_url, "a-token-of-mine")[0]["id"] == "gpt-4o"
        assert "has a service already" in register(json.dumps(good).encode())["error"]
        bad = {"token": "another-token", "settings": {"speed": -1}}
        assert "from 0.01 to 10000" in register(json.dumps(bad).encode())["error"]
        for line in (b"", b"[]", b"{}", b"nonsense", b"\xff", b"1", b'{"token": "abcdefgh"}'):
            assert register(line)["ok"] is False
        child.stdin.close()


@posix
def test_an_interrupt_does_not_end_it():
    """Ctrl-C and a kernel's interrupt go to the whole process group."""
    with start_child(start_new_session=True) as child:
        child.stdout.readline()
        os.killpg(child.pid, signal.SIGINT)
        let_pass(0.2)

        assert child.poll() is None
        child.stdin.close()


@posix
def test_it_is_gone_when_its_parent_is_killed():
    code = (
        "from aiml_nb.simulator import shared_process; import signal\n"
        "print(shared_process().pid, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()

    wait_until_gone(pid)


def test_it_is_gone_when_its_parent_ends_without_a_word_of_complaint():
    code = (
        "from aiml_nb.simulator import SimulatorProcess, shared_process\n"
        "process = SimulatorProcess(); process.start()\n"
        "print(shared_process().pid, process.pid)"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )

    assert ended.stderr == ""
    for pid in map(int, ended.stdout.split()):
        wait_until_gone(pid)


def test_the_parents_keys_stay_with_the_parent(monkeypatch):
    monkeypatch.setenv("AIML_API_KEY", "a-key")
    others = ("Other_Api_Key", "OPENAI_KEY", "HF_TOKEN", "DB_PASSWORD", "MY_LOGIN")
    for name in others:
        monkeypatch.setenv(name, "another")
    with SimulatorProcess() as process:
        environment = psutil.Process(process.pid).environ()

    assert not {"a-key", "another"} & set(environment.values())
    assert environment["PATH"] == os.environ["PATH"]


def test_a_module_in_the_current_folder_is_not_imported(tmp_path, monkeypatch):
    """Learners name their files random.py."""
    (tmp_path / "random.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    with SimulatorProcess() as process:
        assert process.is_running


def test_a_stopped_process_says_so_and_can_be_stopped_again():
    process = SimulatorProcess()
    process.start()
    pid = process.pid
    process.stop()
    process.stop()

    assert not process.is_running
    wait_until_gone(pid)
    with pytest.raises(SimulatorError, match="is not running"):
        process.register()
    with pytest.raises(SimulatorError, match="has not been started"):
        _ = process.base_url


def test_a_child_that_does_not_come_up_is_an_error_with_its_last_words(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "not a number")
    with pytest.raises(SimulatorError, match=r"did not start.*PYTHONHASHSEED"):
        SimulatorProcess().start()


def test_services_can_be_registered_from_many_threads(process):
    tokens = []

    def register():
        tokens.append(process.register(Settings(seed=1)))

    threads = [threading.Thread(target=register) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(tokens)) == 16
    assert all(get_models(process.base_url, token) for token in tokens)


def test_the_shared_process_is_one_and_a_new_one_after_its_end():
    first = shared_process()
    assert shared_process() is first

    child = psutil.Process(first.pid)
    child.kill()
    child.wait(5)
    second = shared_process()

    assert second is not first
    assert get_models(second.base_url, second.register())
    assert not first.is_running


def test_many_threads_start_one_shared_process():
    code = (
        "from aiml_nb.simulator import shared_process; import threading\n"
        "pids = set()\n"
        "def ask(): pids.add(shared_process().pid)\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "print(len(pids))"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "1\n"


@posix
def test_a_forked_process_has_one_of_its_own_and_keeps_none_alive():
    """The parent is killed while the forked process, which holds its pipes, lives on."""
    code = (
        "from aiml_nb.simulator import shared_process; import os, signal\n"
        "mine = shared_process()\n"
        "forked = os.fork()\n"
        "if not forked:\n"
        "    other = shared_process()\n"
        "    other.register()\n"
        "    print(mine.pid, other.pid, flush=True)\n"
        "    signal.pause()\n"
        "print(mine.pid, forked, flush=True)\n"
        "signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        lines = dict(parent.stdout.readline().split() for _ in range(2))
        mine, forked = next(
            (int(key), int(value)) for key, value in lines.items() if key != b"None"
        )
        other = int(lines[b"None"])
        parent.kill()
    try:
        wait_until_gone(mine)
        assert is_alive(other)
    finally:
        os.kill(forked, signal.SIGKILL)
    wait_until_gone(other)


def test_it_starts_without_what_it_does_not_need():
    """No openai, pandas, matplotlib; and the core alone needs no aiohttp either."""
    code = (
        "import sys, aiml_nb.simulator\n"
        "assert 'aiohttp' not in sys.modules\n"
        "import aiml_nb.simulator.http.child\n"
        "heavy = {'openai', 'pandas', 'matplotlib', 'IPython', 'ipywidgets'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
