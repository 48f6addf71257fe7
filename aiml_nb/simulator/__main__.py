"""Run the simulator as a child process: ``python -P -m aiml_nb.simulator``."""

import asyncio
import signal


def main() -> None:
    """Serve the parent process until stdin closes."""
    # Ctrl-C and a kernel's interrupt go to the whole process group, but must not end the server.
    # Before the slow imports, so that there is no time in which they would.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from .http.child import serve_parent

    asyncio.run(serve_parent())


if __name__ == "__main__":
    main()
