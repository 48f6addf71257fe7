"""The files that commands read and write: checked before anything is sent."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..formats import atomic
from ..runner.journal_path import newest_journal

_PACKED = {".gz", ".bz2", ".xz", ".zst", ".zip"}
_OTHER_FORMATS = {".json", ".tsv", ".xls"} | _PACKED
_LARGE = 32 * 1024 * 1024  # bytes of a journal whose texts are left in it


@dataclass(slots=True)
class RunPaths:
    """The files of one ``aiml-nb run``.

    Parameters
    ----------
    prompts
        None if they come from the journal.
    output
        Where the results go.
    journal
        None for none, or while the endpoint, on which the default depends, is not known.
    """

    prompts: Path | None
    output: Path
    journal: Path | None

    @property
    def kept_journal(self) -> Path | None:
        """The journal if its file exists: a new one of a run that sent nothing is removed."""
        return self.journal if self.journal and self.journal.exists() else None


def resolve_paths(options: argparse.Namespace) -> RunPaths:
    """Return the files of the command line, with defaults.

    Raises
    ------
    ValueError
        If one cannot be used, or would be overwritten without ``--overwrite``.
    """
    _check_named(options)
    prompts = Path(options.prompts) if options.prompts is not None else None
    stem = (prompts or options.journal).stem
    paths = RunPaths(prompts, options.output or Path(f"{stem}-results.jsonl"), options.journal)
    named = [path.resolve() for path in (prompts, paths.output, paths.journal) if path]
    if len(set(named)) < len(named):
        raise ValueError("--prompts, --output and --journal must be files of their own.")
    if paths.journal and not options.resume:
        _check_journal(paths.journal)
    # With a journal that is there already the results are those of before, and what is new.
    goes_on = options.resume or paths.kept_journal is not None
    _check_output(paths.output, may_replace=goes_on or options.overwrite)
    return paths


def is_large(journal: Path) -> bool:
    """Say whether the texts of a journal are left in it."""
    return journal.exists() and journal.stat().st_size > _LARGE


def _check_named(options: argparse.Namespace) -> None:
    if options.results_only:
        _check_results_only(options)
        return
    for name in ("retry_failed", "change_parameters"):
        if getattr(options, name) and not (options.resume and options.journal):
            raise ValueError(
                f"--{name.replace('_', '-')} belongs to a run that goes on from its journal: add "
                f"--journal {options.journal or 'FILE'} --resume.{_name_newest(options)}"
            )
    if options.resume and options.journal is None:
        raise ValueError(
            f"--resume needs the journal to go on with: add --journal FILE.{_name_newest(options)}"
        )
    if options.fresh and options.resume:
        raise ValueError(
            "--resume goes on with a run, and --fresh begins anew. Leave one of them out."
        )
    if options.prompts is None and not options.resume:
        raise ValueError("There are no prompts. Name their file: aiml-nb run FILE.")


def _check_results_only(options: argparse.Namespace) -> None:
    if options.journal is None:
        raise ValueError(
            "--results-only writes the results that a journal has: add --journal FILE."
            + _name_newest(options)
        )
    if not options.journal.is_file():
        raise ValueError(
            f"There is no journal '{options.journal}' to write results from. Name the one that the "
            "run wrote."
        )
    for name in ("prompts", "fresh", "retry_failed", "dry_run"):
        if getattr(options, name):
            said = "FILE" if name == "prompts" else f"--{name.replace('_', '-')}"
            raise ValueError(
                f"--results-only sends nothing, and what it writes is all in the journal. Leave "
                f"{said} out."
            )


def _name_newest(options: argparse.Namespace) -> str:
    found = newest_journal()
    return f" The newest here is '{found}'." if found and not options.journal else ""


def _check_journal(path: Path) -> None:
    folder = next(each for each in path.absolute().parents if each.exists())
    place = path if path.parent.exists() else folder / path.name
    check_writable(path, option="--journal", place=place)


def _check_output(path: Path, *, may_replace: bool) -> None:
    if path.suffix.lower() in _OTHER_FORMATS:
        named = path.with_suffix("") if path.suffix.lower() in _PACKED else path
        raise ValueError(
            f"'{path}' is none of JSONL, CSV, .xlsx and .parquet, and results are written as "
            f"these. Name '{named.with_suffix('.jsonl')}' or '{named.with_suffix('.csv')}' with "
            "--output FILE."
        )
    if path.suffix.lower() in (".xlsx", ".parquet"):
        from ..export.answers_files import check_writer

        check_writer(path)
    check_writable(path, option="--output")
    if not may_replace and path.exists() and path.stat().st_size:
        raise ValueError(
            f"'{path}' exists already. Add --overwrite to replace it, or name another place with "
            "--output FILE."
        )


def check_count(path: Path, count: int) -> None:
    """Raise ValueError if the file of the results cannot hold so many rows."""
    if path.suffix.lower() == ".xlsx":
        from ..export.answers_files import check_rows

        check_rows(path, count)


def check_writable(path: Path, *, option: str, place: Path | None = None) -> None:
    """Raise ValueError unless `path` can be written; the message suggests `option`.

    Parameters
    ----------
    place
        What to look at, where the folders of `path` are yet to be made.
    """
    try:
        atomic.check_place(place or path)
    except OSError as error:
        raise ValueError(
            f"'{path}' cannot be written ({error.strerror}). Name another place with {option} FILE."
        ) from None


def write_atomic(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file atomically, as `formats.atomic` does.

    Raises
    ------
    ValueError
        If it cannot be written after all, as on a full disk.
    """
    try:
        atomic.write_atomic(path, pieces, is_private=False)
    except OSError as error:
        raise ValueError(f"'{path}' cannot be written ({error.strerror}).") from None
