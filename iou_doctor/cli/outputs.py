"""Where the reports go: what cannot be written is refused before the scan, and no file is half."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iou_doctor.atomic_files import check_writable, follow_links, is_special, stage
from iou_doctor.errors import OutputError, UsageError
from iou_doctor.record import record
from iou_doctor.render import FORMATS
from iou_doctor.report.report import Report

SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub's variable with the file whose Markdown it shows on the page of a run."""
FOR_PEOPLE = ("full", "concise")
"""Formats in the encoding of the terminal; the others are UTF-8 everywhere."""


@record
class Output:
    """One report to write."""

    format: str
    path: Path | None
    """`None`: stdout."""
    option: str
    """Who asked for it, as an error would say it."""
    append: bool = False
    """Whether what is in the file stays."""


def outputs(
    *, output_format: str, output: Path | None, reports: Iterable[str], inputs: Iterable[str]
) -> tuple[Output, ...]:
    """Return what to write, once it is sure that it can be written.

    Args:
        output_format: the format of the main report.
        output: its file; `None` or `-`: stdout.
        reports: more reports, each `FORMAT=FILE`.
        inputs: the arrays' paths, which no report may replace.

    Raises:
        UsageError: an unknown format, or a file that cannot be written.
    """
    known_format("--output-format", output_format)
    main = None if output == Path("-") else output
    wanted = [Output(output_format, main, f"--output {main}"), *map(_requested, reports)]
    summary = os.environ.get(SUMMARY)
    if summary and any(entry.format == "github" for entry in wanted):
        wanted.append(Output("markdown", Path(summary), f"{SUMMARY} {summary}", append=True))
    _refuse_unwritable(wanted, list(inputs))
    return tuple(wanted)


def known_format(option: str, name: str) -> str:
    """Return the name of a format.

    Raises:
        UsageError: there is no such format.
    """
    if name in FORMATS:
        return name
    near = difflib.get_close_matches(name.lower(), FORMATS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"{option}: no format is called {name!r}; {hint}there are {', '.join(FORMATS)}"
    )


def write(
    report: Report, wanted: Sequence[Output], *, quiet: bool = False, verbose: bool = False
) -> None:
    """Write the report in every format that is wanted; files first, stdout last.

    Args:
        report: what to write.
        wanted: from `outputs`.
        quiet: on stdout, the full report is the verdict alone.
        verbose: the full report is complete.

    Raises:
        OutputError: the disk is full, or a file can no longer be written; none is half.
    """
    texts = [_text(report, entry, quiet=quiet, verbose=verbose) for entry in wanted]
    _write_files(list(zip(wanted, texts, strict=True)))
    for entry, text in zip(wanted, texts, strict=True):
        if entry.path is None:
            _print(text, for_people=entry.format in FOR_PEOPLE)


def _requested(word: str) -> Output:
    name, equals, file = word.partition("=")
    if not equals or not file or file == "-":
        raise UsageError(f"--report {word}: give FORMAT=FILE, json=report.json for instance")
    return Output(known_format(f"--report {word}", name), Path(file), f"--report {word}")


def _refuse_unwritable(wanted: Sequence[Output], inputs: Sequence[str]) -> None:
    files: set[Path] = set()
    for entry in wanted:
        if entry.path is None:
            continue
        with _refused(entry):
            path = follow_links(entry.path)
            if any(_is_same(path, Path(name)) for text in inputs for name in (text, _file(text))):
                raise UsageError(f"{entry.option}: this file is an input, which is never changed")
            if path in files and not is_special(path):
                raise UsageError(f"{entry.option}: two reports cannot go to one file")
            check_writable(path)
            files.add(path)


@contextmanager
def _refused(entry: Output) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null in a name
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{entry.option}: cannot be written ({why})") from error


def _file(text: str) -> str:
    """Return the file of `FILE.h5::/name`."""
    return text.partition("::")[0]


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _text(report: Report, entry: Output, *, quiet: bool, verbose: bool) -> str:
    if entry.format != "full":
        return FORMATS[entry.format](report)
    from iou_doctor.render.console import make_file_console, make_screen_console
    from iou_doctor.render.terminal import render

    if entry.path is None:
        return render(report, make_screen_console(), quiet=quiet, verbose=verbose)
    return render(report, make_file_console(), verbose=verbose)


def _bytes(text: str) -> bytes:
    # a file name that is not UTF-8 holds lone surrogates; JSON has the same escape for them
    return text.encode("utf-8", "backslashreplace")


def _write_files(contents: Sequence[tuple[Output, str]]) -> None:
    """Write all files, or none."""
    files = [
        (follow_links(entry.path), entry, text)
        for entry, text in contents
        if entry.path is not None
    ]
    staged = [place for place, entry, _ in files if not entry.append]
    try:
        with stage(staged, overwrite=True) as parts:
            for place, entry, text in files:
                # without a part of its own the place keeps its content, or is a device
                part = parts.get(place, place)
                with _named(entry), part.open("ab" if part == place else "wb") as stream:
                    stream.write(_bytes(text))
    except OSError as error:  # from the renames; its file is a place
        entries = {str(place): entry for place, entry, _ in files}
        with _named(entries[error.filename]):
            raise


@contextmanager
def _named(entry: Output) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{entry.option}: cannot be written ({error.strerror})") from error


def _print(text: str, *, for_people: bool) -> None:
    """Print and flush, so that a reader who has left is noticed here and not at the exit."""
    if sys.stdout is None:  # closed by the shell, `>&-`
        return
    raw = getattr(sys.stdout, "buffer", None)
    if for_people or raw is None:
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        raw.write(_bytes(text))
    sys.stdout.flush()
