"""The log of a service: one record per request, timed on the server's clock."""

import dataclasses
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Bounds the memory of a long-lived server; the largest run of the lessons has 20,000 calls.
_MAX_RECORDS = 100_000


@dataclass(slots=True)
class Record:
    """One request; times are seconds since the service began, ``None`` if it did not happen.

    It holds neither bodies nor keys: `prompt` is a hash. `number` counts the chat completions
    from 1 and is ``None`` for other requests. `queued` is ``None`` if the call was served at once,
    `first_token` if the answer was not streamed, `status` if none was sent. `fault` is what was
    done to the answer, as the script or the random draw decided.
    """

    method: str
    path: str
    received: float
    attempt: int | None = None
    client_request_id: str | None = None
    request_id: str | None = None
    number: int | None = None
    prompt: str | None = None
    stream: bool = False
    queued: float | None = None
    started: float | None = None
    first_byte: float | None = None
    first_token: float | None = None
    finished: float | None = None
    planned_start: float | None = None
    planned_first_token: float | None = None
    planned_finish: float | None = None
    status: int | None = None
    fault: str | None = None
    cancelled_by_client: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give the record as a dictionary that JSON can hold, times to the microsecond."""
        values = {name: getattr(self, name) for name in _NAMES}
        return {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in values.items()
        }


_NAMES = tuple(field.name for field in dataclasses.fields(Record))


class Log:
    """The requests of one service, in the order they came, the latest 100,000 of them."""

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self.began = time.monotonic()
        self.began_at = time.time()
        self.in_flight = 0
        self.peak_in_flight = 0
        self._records: deque[Record] = deque(maxlen=_MAX_RECORDS)
        self._write = write

    def read_clock(self) -> float:
        """Give the seconds since the service began."""
        return time.monotonic() - self.began

    def open(self, record: Record) -> None:
        """Add the record of a new request."""
        self._records.append(record)

    def count_completion(self, record: Record, *, number: int) -> None:
        """Give a chat completion its number; it is in flight until its record is closed."""
        record.number = number
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def close(self, record: Record) -> None:
        """Stamp the end of a request, once, and write its line."""
        if record.finished is not None:
            return
        record.finished = self.read_clock()
        if record.number is not None:
            self.in_flight -= 1
        if self._write is not None:
            self._write(json.dumps(record.to_dict()) + "\n")

    def to_dict(self) -> dict[str, Any]:
        """Give the whole log as a dictionary that JSON can hold.

        ``began`` is on the machine's monotonic clock (on Linux and macOS the one of
        `time.perf_counter` too), ``began_at`` in seconds since 1970.
        """
        return {
            "requests": [record.to_dict() for record in self._records],
            "peak_in_flight": self.peak_in_flight,
            "in_flight": self.in_flight,
            "began": self.began,
            "began_at": self.began_at,
        }
