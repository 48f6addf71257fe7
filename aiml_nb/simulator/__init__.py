"""An OpenAI-compatible HTTP server with a clock, limits and faults, for teaching and testing.

It needs no key, costs nothing, and is reproducible: each answer and its times are drawn from the
seed, the prompt, and how often the service has had that prompt before.

- `simulate` computes answers in virtual time, without a server: arrivals in, plans out.
- `serve` runs the server in the foreground; `SimulatorProcess` runs it in a child process, and
  `shared_process` returns the one child that a process needs.
- `Settings` configure a service; `scenario` returns those of the named `SCENARIOS`, or of a file:
  `aiml_nb.simulator.scenarios` says how to write one.

The packages, each of which imports only those after it: `http` (the server and the bytes that it
sends), `model` (what is answered and when, in virtual time), `settings` with the named `scenarios`
and the child `process`, `faults` (what can go wrong). Nothing else of `aiml_nb` is imported, since
the simulator is the oracle that the client is tested against.
"""

from .errors import SettingsError, SimulatorError
from .http.foreground import serve
from .model.engine import simulate
from .model.options import AnswerOptions
from .model.plan import Arrival, Plan
from .process import SimulatorProcess, shared_process
from .scenarios import SCENARIOS, scenario
from .settings import Settings

__all__ = [
    "SCENARIOS",
    "AnswerOptions",
    "Arrival",
    "Plan",
    "Settings",
    "SettingsError",
    "SimulatorError",
    "SimulatorProcess",
    "scenario",
    "serve",
    "shared_process",
    "simulate",
]
