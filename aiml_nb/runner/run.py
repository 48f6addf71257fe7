"""Run a list of prompts by one strategy and keep a record of every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..endpoint import Endpoint
from ..loop import InterruptibleCall, ended_with_cell
from ..records import Run
from .execute import execute, execute_async
from .inputs import ARGUMENTS
from .options import CAPS, OPTIONS
from .plan import make_plan
from .signature import takes_arguments_of


def run(
    prompts: object,
    endpoint: Endpoint | Callable[[Any], Any] | None = None,
    *,
    api: str | None = None,
    prompt: str | Sequence[Mapping[str, Any]] | None = None,
    on_bad: str = "raise",
    strategy: str | None = None,
    max_concurrency: int | None = None,
    stream: bool = False,
    timeout: float = 120.0,
    run_timeout: float | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    max_attempts: int | None = None,
    retry_share: float = 0.5,
    outage: float = 60.0,
    retry_invalid: int = 0,
    keep_texts: bool = True,
    max_calls: int | None = None,
    max_total_tokens: int | None = None,
    max_cost: float | None = None,
    prices: tuple[float, float] | None = None,
    journal: str | Path | bool | None = None,
    fresh: bool = False,
    cluster: Any = None,
    processes: int | None = None,
    progress: bool | None = None,
    **request_parameters: Any,
) -> Run:
    """Make one call per prompt and return when all are finished.

    A call that fails is a record like any other: its ``outcome`` says so, and the others go on.
    After an interrupt `last_run` returns the records so far. It ends runs in other threads, too.

    Parameters
    ----------
    prompts
        Texts, message lists, a table, or a file of any of them: see `prompts.as_prompts`. With a
        function a list of anything, or a table: its rows, as dictionaries.
    endpoint
        What `connect` returned; None connects as ``connect()`` does. Or a function of your own,
        async or not, which is called with each item; what it returns is in `Run.results`. Limits,
        time, journal and stop are the same; what only the one who sends can know (tokens, costs,
        ``stream``, request parameters) is the function's. A call of one that is not async goes on
        in its thread when its time is over: nobody can break it off.
    prompt
        What to ask of each row of a table (of pandas, Polars or Arrow), of a list of dictionaries
        or of a file (CSV, JSONL, Excel, Parquet): a text, or messages, with the names of columns in
        braces, as in ``"Classify this review: {review}"``; a brace that is meant as one twice.
        ``system`` is then such a template, too. Ids come from a column ``custom_id`` or ``id``; of
        equal ones the second gets `` (2)``. `Run.answers` is the table with the answers beside it.
    on_bad
        What to do about rows that cannot be asked, as those with an empty cell: ``"raise"`` names
        them all and sends nothing; ``"skip"`` passes them over: their calls are ``not_started``,
        with ``error_type`` ``skipped``.
    api
        What is called: ``chat``, ``responses``, ``completions``, ``embeddings``, ``moderations``,
        ``images``, ``edits`` (of pictures, ``images=[{"image_url": "…"}]``), ``speech`` or
        ``transcription``. None takes what the ``url`` of Batch lines names, else ``chat``. A
        prompt is what that API is asked: of embeddings, moderations and completions a text, or a
        list of texts in one call; of a transcription the path of a sound file. `records.Call.text`
        is empty where a reply has no words; `Call.vectors` has its embeddings, `Call.media` its
        pictures or its sound, `Call.body` all. Each needs a ``model`` of its own; ``responses``,
        ``completions`` and ``chat`` stream.
    strategy
        None takes ``gather``, for a function that is not async ``threads``. ``sequential`` and
        ``threads`` use the blocking client, or a function that blocks; ``gather``,
        ``as_completed``, ``task_group``, ``workers`` and ``batches`` an async one. ``adaptive``
        learns from 429s how many calls the server takes at once.
    max_concurrency
        The most calls in flight at one moment; a ceiling that 429s lower for a while. None allows
        as many as there are prompts, up to 100 threads or 1,000 tasks. Each takes an open file: it
        is lowered, in one line, to what the system lets this process open.
    stream
        Ask for the answers piece by piece, so that the time to the first token is known.
    timeout, run_timeout
        Seconds that a whole call may take, all attempts and waits included, and the whole run.
    requests_per_minute, tokens_per_minute
        The most in any 60 seconds. Tokens are reserved by estimate and corrected by usage. Calls of
        a function count as requests, whatever it sends.
    max_attempts
        The most attempts of a call that fails in a way that may pass; None for 3, or 1 for
        functions: what they raise is judged as what the client raises in a call. One that was
        sent and never answered may be billed all the same: it is sent again once, or
        `max_attempts` - 2 times if that is more. 429s have bounds of their own: 8 retries a call,
        and as many in all as there are calls, at least 20. 1 sends nothing twice.
    retry_share
        What each answer adds to the retries after failures that the run has left: it begins with
        as many as calls may be in flight, at least 50, and never has more. So with N calls there
        are at most ``max(50, max_concurrency) + retry_share * N`` of them.
    outage
        Seconds that the server may be away, at a stretch: all calls wait, one looks whether it is
        back, and it costs no attempt and no retry. Then the run is stopped, for `resume` to go on.
        0 waits for no server; nor does a function that is called once only.
    retry_invalid
        How often a call may ask again whose answer does not fit its ``response_format``, whatever
        `max_attempts` says; each counts for the caps, and is an attempt in the records. 0 keeps
        the answer as it is: outcome ``error``, ``error_type`` ``invalid_answer``, its text kept.
    keep_texts
        False holds no prompt and no answer in memory once it is in the journal, for hundreds of
        thousands of them: the records read them from it when they are asked for, `Run.journal` is
        to stay where it is, and the simulator has one, too. Prompts may then be an iterator.
    max_calls, max_total_tokens, max_cost
        Caps on the requests, the tokens and the US dollars of the run; nothing more is sent then.
        For each call as much is set aside as it may use; who finds no room waits. The first goes
        alone. With ``max_tokens``, and a server that keeps to it, no cap is passed. Without, 4,096
        tokens are set aside for an answer, or twice the longest before it, and there are at most
        as many more in flight as have ended; the last calls, one at a time, need as much as the
        longest. So a cap is passed by what answers have above that, and by nothing else; likewise
        by twice the dearest, where the server tells costs. What it does not report, or less than
        the texts can have, is counted by the texts; if the first answer names no cost, and there
        are no ``prices``, the run stops. `Run.notices` says so, and by how much a cap was passed.
        A request whose used connection died without a byte of an answer is sent again and counts
        once: a server that reads such requests and hangs up may see each attempt twice.
    prices
        US dollars per million tokens, ``(input, output)``, where the provider reports no cost; if
        it does, the larger counts.
    journal
        The file that keeps every finished call. With a journal that is there already the run goes
        on: what is answered there (at the same address, by the same model, with the same
        parameters) is taken from it and not sent, wherever it stands among the prompts; such
        calls have `Call.from_journal`. None keeps a new one in ``aiml-nb-journals`` for all servers
        but the simulator; True always, False never. What a function returned stands there as JSON
        has it.
    fresh
        Take nothing from a journal that is there already: send all prompts. The file keeps what
        it holds.
    cluster, processes
        Who sends the calls, if not this process: the workers of a Dask cluster that is there (its
        client, or the address of its scheduler, ``tcp://…``), or so many processes that are started
        on this machine. Needs ``pip install 'aiml_nb[cluster]'``. Limits, caps, pauses and the
        journal are those of one run, and `Attempt.worker` says who sent what. Workers take their
        key from their own environment. A worker that ends is replaced by the others: what it had
        in flight, perhaps billed, is sent again.
    progress
        Show a progress bar; None shows one in a notebook or a terminal.
    **request_parameters
        As in the openai client (``temperature``, ``max_tokens``, ``extra_body``, …), and
        ``system``, a system message put before every prompt. ``stream_options=None`` asks streams
        for no usage. ``response_format`` takes a class (a pydantic model, a dataclass), a JSON
        schema, or the API's own form: answers are read as that, in Markdown fences and between
        words, too, into `Call.parsed` and a column for each field. The schema is sent as the openai
        client would, strict: every field is to be answered. What max_tokens cuts stays
        ``incomplete``; of several choices (``n``) the first is read. `parse` reads them again.

    Returns
    -------
    Run
        One record per prompt, in the prompts' order.

    Raises
    ------
    BudgetError
        If a cap is below the first call, or cannot be kept.
    EndpointError
        If nothing can be sent to the server; or if its list of models and the first call, which
        then goes alone, tell that the key, the model or the address is wrong: `last_run` has the
        records. If only the first call says so, the run is returned, and `Run.stopped` tells why.
    JournalError
        If the journal cannot be written.
    TypeError, ValueError
        If an argument is wrong.
    SystemExit, KeyboardInterrupt
        If a function raises one, or another exception that is no Exception: `last_run` has the
        records so far. All others, and a CancelledError, are the record of their item.
    """
    # Must stay the first statement: `locals()` holds the arguments and nothing else yet.
    names = OPTIONS | CAPS | {*ARGUMENTS}
    options = {name: value for name, value in locals().items() if name in names}
    with InterruptibleCall():
        options |= {"journal": journal, "fresh": fresh}
        options |= {"cluster": cluster, "processes": processes}
        plan = make_plan(prompts, endpoint, **options, **request_parameters)
        return execute(plan)


@takes_arguments_of(run)
async def run_async(*arguments: Any, **options: Any) -> Run:
    """Do as `run`, from a coroutine or a cell that awaits; same arguments and errors.

    The strategies with the blocking client run in a thread, so that the loop stays free.
    """
    with ended_with_cell():
        return await execute_async(make_plan(*arguments, **options))
