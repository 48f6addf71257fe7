"""Starts the simulator as a child process: ``python -P -m aiml_nb.simulator``."""

import asyncio
import signal


def main() -> None:
    """Serve the parent process until stdin closes."""
    # Ctrl-C and a kernel's interrupt reach the whole process group; they are not meant for us.
    # This comes before the slow imports, so that there is no moment when it would kill.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from .http.child import serve_parent

    asyncio.run(serve_parent())


if __name__ == "__main__":
    main()
