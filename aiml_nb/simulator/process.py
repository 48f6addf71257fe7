"""`SimulatorProcess`: start the simulator as a child process and register services with it."""

import atexit
import contextlib
import json
import os
import secrets
import subprocess
import tempfile
import threading
from typing import IO, Any, Self

from .errors import SimulatorError
from .settings import Settings
from .spawn import await_end, close_pipes, start_child

# Seconds for the child to start, or to answer; a slow machine needs 0.4 s.
_TIMEOUT = 10.0


class SimulatorProcess:
    """A simulator in a child process of its own, which ends when this process does.

    Examples
    --------
    >>> with SimulatorProcess() as process:
    ...     token = process.register(Settings(seed=1))
    ...     # calls go to process.base_url, with the token as the key
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._base_url: str | None = None
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The base URL, ``http://127.0.0.1:PORT/v1``."""
        if self._base_url is None:
            raise SimulatorError("The simulator has not been started; call start() first.")
        return self._base_url

    @property
    def pid(self) -> int | None:
        """The child's process id, while there is one."""
        return None if self._child is None else self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the child is alive and was started by this process, not by one it forked from."""
        return self._child is not None and self._owner == os.getpid() and self._child.poll() is None

    def start(self) -> None:
        """Start the child and wait until it serves; no effect if it is running.

        Raises
        ------
        SimulatorError
            If it does not come up within 10 s.
        """
        with self._lock:
            if self.is_running:
                return
            self.stop()
            self._owner = os.getpid()
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
            # The closed pipe ends the child anyway; this waits for it, and removes its error file.
            atexit.register(self.stop)
            try:
                self._child = start_child(self._errors)
                line = self._read_line()
                if not line.startswith("http://"):
                    raise SimulatorError(self._explain("did not start"))
            except BaseException:
                self.stop()
                raise
            self._base_url = line

    def register(self, settings: Settings | None = None) -> str:
        """Register a service and return its token, which is the key of the calls to it.

        Raises
        ------
        SimulatorError
            If the child has ended or does not answer.
        """
        token = "sim-" + secrets.token_urlsafe(18)
        command = {"token": token, "settings": (settings or Settings()).to_dict()}
        with self._lock:
            if not self.is_running:
                raise SimulatorError(self._explain("is not running"))
            self._write_line(json.dumps(command))
            answer = self._read_line()
            if not answer:
                raise SimulatorError(self._explain("does not answer"))
        reply: dict[str, Any] = json.loads(answer)
        if not reply["ok"]:
            raise SimulatorError(f"The simulator refused the settings: {reply['error']}")
        return token

    def stop(self) -> None:
        """End the child and wait until it has exited; no effect without one."""
        with self._lock:
            atexit.unregister(self.stop)
            child, self._child = self._child, None
            errors, self._errors = self._errors, None
            self._base_url = None
            if child is not None:
                close_pipes(child)
                if self._owner != os.getpid():
                    # In a forked process: the child belongs to our parent. A return code keeps
                    # Popen from waiting for it.
                    child.returncode = 0
                else:
                    await_end(child)
            if errors is not None:
                errors.close()

    def detach_after_fork(self) -> None:
        """Drop the child in a forked process: it belongs to the parent."""
        self._lock = threading.RLock()
        self.stop()

    def _write_line(self, line: str) -> None:
        child = self._child
        if child is not None and child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # noticed when no answer follows
                # Unbuffered, so no flush is needed.
                child.stdin.write(line.encode() + b"\n")

    def _read_line(self) -> str:
        """Read the child's next line; empty if the child has exited or was too slow."""
        child = self._child
        if child is None or child.stdout is None:
            return ""
        # Not every platform has timed reads of pipes; killing the child closes its end.
        timer = threading.Timer(_TIMEOUT, child.kill)
        timer.daemon = True
        timer.start()
        try:
            return child.stdout.readline().decode("utf-8", "replace").strip()
        finally:
            timer.cancel()

    def _explain(self, what: str) -> str:
        last_words = ""
        if self._errors is not None:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - 300))
            last_words = self._errors.read().decode("utf-8", "replace").strip()
        ending = f" Its last words: {last_words}" if last_words else ""
        return f"The simulator {what}. To see why, type: python -m aiml_nb.simulator.{ending}"


class _SharedProcess:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = SimulatorProcess()

    def find_or_start(self) -> SimulatorProcess:
        with self._lock:
            if not self._process.is_running:
                # A new object, not a restart: users of the old one must see that it has ended.
                self._process.stop()
                process = SimulatorProcess()
                process.start()
                self._process = process
            return self._process

    def detach_after_fork(self) -> None:
        # Only the forking thread exists in the child: a lock held by another is never released.
        self._lock = threading.Lock()
        self._process.detach_after_fork()


_shared = _SharedProcess()

if hasattr(os, "register_at_fork"):
    # A forked process's copy of the pipe would keep the simulator alive after its parent.
    os.register_at_fork(after_in_child=_shared.detach_after_fork)


def shared_process() -> SimulatorProcess:
    """Return the simulator of this process; start one if there is none, or if it has ended.

    It ends with this process, even if that is killed. A forked process gets one of its own. A new
    simulator does not know the tokens of one that has ended.

    Raises
    ------
    SimulatorError
        If it does not come up within 10 s.
    """
    return _shared.find_or_start()
