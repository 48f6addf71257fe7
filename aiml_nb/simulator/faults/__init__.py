"""What can go wrong with one answer: the faults by name, and the forms a script gives them in.

The rooms: `fault` is the record of one fault, `catalog` the faults by name, `scripts` reads the
forms below, `checks` checks and copies the settings that hold them, `outages` says when a service
is away. Which request gets which fault is decided in `aiml_nb.simulator.model`; what a fault does
to the bytes of a reply, in `aiml_nb.simulator.http`.

A fault is given as one of

- ``429``: a status from 300 to 599, with the error body of the profile and no further headers;
- ``"reset"``, ``"reset:120"``: a name from `FAULTS`, perhaps with an argument after a colon;
- ``{"status": 429, "headers": {"retry-after": "2"}, "body": "..."}``: an answer of one's own;
  with ``"fault": "NAME"`` too, it changes that named fault. Its other fields are ``message``,
  ``code``, ``text``, ``finish_reason``, ``choice_error``, ``insert``, ``place``, ``without``,
  ``delay``, ``cut``, ``then``, ``linger`` (see `Fault`);
- ``200``: no fault.

`Settings.faults` maps to such a fault, or to a list of them that the repeats of a prompt get one
after another before all goes well, the number of a chat completion (a list goes on with the
repeats of its prompt), the text of a prompt, or ``"*"``, every prompt:
``{3: 400, "What is 2+2?": [429, 429], "*": ["reset", "slow:2", 200]}``. `Settings.fault_shares`
maps a fault (a status or a name) to the share of requests that get it, drawn from the seed, the
prompt and its repeat: ``{503: 0.1, "reset:50%": 0.05}``. A script goes before the shares.

Names, with the argument they have by default if they take one::

    refusals        retry-after:2  retry-after-ms:1500  retry-after-date:2  free-limit
                    minute-quota:35 (429)  no-quota (429)  no-credit (403)  should-retry (400)
                    should-not-retry (503)  echo-key (401)  missing-scopes (401)  html:200
                    detail:400  detail-list:422  error-text:500  error-list:400  message-only:400
                    plain-text:503  redirect:http://other.invalid/v1/chat/completions
                    redirect-loop (307)
    wrong bodies    empty  bad-json  bad-utf8  deep-json  null  list  object  string
                    error-in-200:null  no-choices  wrong-choices  empty-choices  no-message
                    no-content  null-content  nan  wrong-type:text/plain  no-type  gzip  bad-gzip
                    gzip-bomb  huge-body  chunked  small-length
    other answers   content-filter  refusal  surrogate  hostile-text  unicode  null-stop
                    empty-text  finish:abort  choice-error  text-parts
    streams         end:50%  half-event  no-finish  no-done  no-end  bad-event:first
                    bad-utf8-event:first  error-event:first  error-text-event:first
                    limit-event:first  comments:first  usage-event:first  no-delta-event:first
                    null-delta-event:first  null-choices-event:first  no-choices-event:first
                    ping-event:first  null-event:first  odd-content-event:end  no-delta
                    usage-without-choices  huge-line  json-for-stream  unasked-stream
                    calls:interleaved
    connections     close:0  reset:0  stall:0  drop:0  hang-up:close  garbage  bad-status-line
                    huge-header
    time            slow:5  trickle-head:0.4  trickle-body:0.4  pings:0.4  split:50%

Positions count the bytes of the whole reply, status line and headers included, but for ``end``
those of the body, which is then ended as it should be. They are a number, a share (``50%``) or a
number from the end (``-10``). ``close``, ``reset`` (with a RST) and ``stall`` (silence until the
client leaves) come by default before any byte of a reply, and at once; if some of the answer gets
through, it keeps its times. A service that may ``close`` or ``reset`` before the first byte keeps
no connection, lest clients take it for one that was at its end. Times are seconds at ``speed=1``.
Statuses other than 200 are in brackets. ``gzip-bomb`` has 200 MiB in 200 kB, ``huge-body`` 100 MiB,
``huge-line`` 50 MiB.

Of what is empty: ``empty`` is a reply without a body, ``empty-text`` a good answer whose text is
``""``, ``null-content`` one whose text is null, ``empty-choices`` one without choices.

``drop`` and ``hang-up`` send a good answer and say that the connection is kept. ``drop`` closes it
so many seconds later, as llama.cpp's server does after a stream. ``hang-up`` keeps it until the
next request comes on it, which is not answered: the connection is closed, or with ``hang-up:reset``
reset; the log has that request under this name, without a number. An event of a stream comes after
its ``first`` token, at its ``end``, where all choices have ended, or after it is ``done``.
``error-in-200:429`` has that code in its error. ``calls:whole``, ``calls:same-index`` and
``calls:no-index`` stream the calls of tools as some servers do: each in one event, perhaps all with
index 0, or told apart by their ids only.
"""

from .catalog import ARGUMENTS, FAULTS

__all__ = ["ARGUMENTS", "FAULTS"]
