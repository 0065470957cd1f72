"""Write reports to stdout and to files.

Unwritable outputs are reported before the scan starts. Files are written atomically.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iou_doctor.errors import OutputError, UsageError
from iou_doctor.record import record
from iou_doctor.render import FORMATS, FORMATS_BY_SUFFIX
from iou_doctor.report.report import Report
from iou_doctor.safety.atomic_files import (
    append,
    check_writable,
    follow_links,
    is_special,
    open_part,
    stage,
)
from iou_doctor.safety.protected_files import ProtectedPath, describe_conflict

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable of GitHub Actions with the path of the job summary, a Markdown file."""
TEXT_FORMATS = ("full", "concise")
"""The formats that stdout gets in the encoding of the terminal. The others are always UTF-8."""


@record
class ReportOutput:
    """One report to write."""

    format: str
    path: Path | None
    """The file; `None` for stdout."""
    option: str
    """The option or variable that asks for the report, for error messages."""
    append: bool = False
    """Whether the report is appended to the file."""


def plan_outputs(
    *,
    output_format: str,
    output: Path | None,
    reports: Iterable[str],
    protected: Sequence[ProtectedPath],
    baseline: str | None = None,
) -> tuple[ReportOutput, ...]:
    """Return the reports to write, after checking that all of them can be written.

    Args:
        output_format: the format of the main report; `full` with a file whose name ends in that
            of another format, such as `report.html`, is that format.
        output: its file; `None` or `-` for stdout.
        reports: more reports, each `FORMAT=FILE`, or `FILE` if its name ends in that of a format.
        protected: what the run reads, which no report may change.
        baseline: the file of a new baseline.

    Raises:
        UsageError: there is no such format, or a file cannot be written.
    """
    _check_format("--output-format", output_format, FORMATS)
    main = None if output == Path("-") else output
    if main is not None and output_format == TEXT_FORMATS[0]:
        output_format = FORMATS_BY_SUFFIX.get(main.suffix.lower(), output_format)
    wanted = [
        ReportOutput(output_format, main, f"--output {main}"),
        *(_parse_report_option(word, FORMATS) for word in reports),
    ]
    if baseline is not None:
        wanted.append(ReportOutput("json", Path(baseline), f"--baseline {baseline}"))
    summary = os.environ.get(SUMMARY)
    if summary and any(entry.format == "github" for entry in wanted):
        wanted.append(ReportOutput("markdown", Path(summary), f"{SUMMARY} {summary}", append=True))
    refuse_unwritable(wanted, protected)
    return tuple(wanted)


def plan_files(
    reports: Iterable[str], *, formats: Collection[str], protected: Sequence[ProtectedPath]
) -> tuple[ReportOutput, ...]:
    """Return the files to write beside stdout, after checking that they can be written.

    Args:
        reports: each `FORMAT=FILE`, or `FILE` if its name ends in that of a format.
        formats: the formats that there are.
        protected: what the run reads, which no file may change.

    Raises:
        UsageError: there is no such format, or a file cannot be written.
    """
    wanted = tuple(_parse_report_option(word, formats) for word in reports)
    refuse_unwritable(wanted, protected)
    return wanted


def refuse_unwritable(wanted: Sequence[ReportOutput], protected: Sequence[ProtectedPath]) -> None:
    """Refuse a file that cannot be written, or that would replace what the run reads.

    Args:
        wanted: the files, in the order in which they are checked.
        protected: what the run reads, which no file may change.

    Raises:
        UsageError: there is one.
    """
    files: set[Path] = set()
    for entry in wanted:
        if entry.path is None:
            continue
        with _blame_option_for_bad_path(entry):
            path = follow_links(entry.path)
            if conflict := describe_conflict(path, protected):
                raise UsageError(f"{entry.option}: {conflict}; name another file")
            if path in files and not is_special(path):
                raise UsageError(f"{entry.option}: two reports cannot go to one file")
            check_writable(path)
            files.add(path)


def has_page(wanted: Sequence[ReportOutput]) -> bool:
    """Return whether one of the reports is an HTML page, which shows more than the others."""
    return any(entry.format == "html" for entry in wanted)


def write_reports(
    report: Report, wanted: Sequence[ReportOutput], *, quiet: bool = False, verbose: bool = False
) -> None:
    """Write a report in all formats: the files first, stdout last.

    Args:
        report: what to write.
        wanted: from `plan_outputs`.
        quiet: whether the full report on stdout is only the verdict.
        verbose: whether the full report lists every finding, class and rule.

    Raises:
        OutputError: the disk is full, or a file can no longer be written. Files are then left
            as they were, except one that a report was appended to before another file failed.
    """
    texts = [_render(report, entry, quiet=quiet, verbose=verbose) for entry in wanted]
    write_files(list(zip(wanted, texts, strict=True)))
    for entry, text in zip(wanted, texts, strict=True):
        if entry.path is None:
            _print(text, is_text=entry.format in TEXT_FORMATS)


def _check_format(option: str, name: str, known: Collection[str]) -> None:
    """Refuse the name of a format if there is no such format; `option` names it in the error."""
    if name in known:
        return
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? The" if near else "the"
    formats = ", ".join(known)
    raise UsageError(f"{option}: no format is called {name!r}; {hint} formats are {formats}")


def _parse_report_option(word: str, formats: Collection[str]) -> ReportOutput:
    name, equals, file = word.partition("=")
    if not equals and (by_suffix := FORMATS_BY_SUFFIX.get(Path(word).suffix.lower())):
        name, equals, file = by_suffix, "=", word
    if not equals or not file or file == "-":
        raise UsageError(f"--report {word}: give FORMAT=FILE, for instance json=report.json")
    _check_format(f"--report {word}", name, formats)
    return ReportOutput(name, Path(file), f"--report {word}")


@contextmanager
def _blame_option_for_bad_path(entry: ReportOutput) -> Iterator[None]:
    """Turn errors of the file system into a `UsageError` that names the option."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL in a name
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{entry.option}: cannot be written ({why})") from error


def _render(report: Report, entry: ReportOutput, *, quiet: bool, verbose: bool) -> str:
    if entry.format != "full":
        return FORMATS[entry.format](report)
    from iou_doctor.render.console import make_file_console, make_screen_console
    from iou_doctor.render.terminal import render

    if entry.path is None:
        return render(report, make_screen_console(), quiet=quiet, verbose=verbose)
    return render(report, make_file_console(), verbose=verbose)


def load_renderer(wanted: Sequence[ReportOutput]) -> None:
    """Import what the usual format needs, if it is wanted, while a check counts."""
    if any(entry.format == "full" for entry in wanted):
        import iou_doctor.render.console
        import iou_doctor.render.terminal  # noqa: F401 - `write_reports` uses it


def _encode(text: str) -> bytes:
    # file names that are not UTF-8 have lone surrogates, which are escaped in the way of JSON
    return text.encode("utf-8", "backslashreplace")


def write_files(contents: Sequence[tuple[ReportOutput, str]]) -> None:
    """Write all files, or leave all of them as they were.

    Args:
        contents: the files and their texts; what has no file is left out.

    Raises:
        OutputError: the disk is full, or a file can no longer be written.
    """
    files = [
        (follow_links(entry.path), entry, text)
        for entry, text in contents
        if entry.path is not None
    ]
    staged = [place for place, entry, _ in files if not entry.append]
    try:
        with stage(staged, overwrite=True) as parts:
            for place, entry, text in files:
                with _blame_option_for_failure(entry):
                    if entry.append:
                        append(place, _encode(text))
                        continue
                    with open_part(parts[place]) as stream:
                        stream.write(_encode(text))
    except OSError as error:  # a rename has failed
        entries = {str(place): entry for place, entry, _ in files}
        with _blame_option_for_failure(entries[error.filename]):
            raise


@contextmanager
def _blame_option_for_failure(entry: ReportOutput) -> Iterator[None]:
    """Turn an `OSError` into an `OutputError` that names the option."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{entry.option}: cannot be written ({error.strerror})") from error


def _print(text: str, *, is_text: bool) -> None:
    """Print and flush, so that a closed pipe is noticed here and not when Python exits."""
    if sys.stdout is None:  # the shell has closed it: `>&-`
        return
    raw = getattr(sys.stdout, "buffer", None)
    if is_text or raw is None:
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        raw.write(_encode(text))
    sys.stdout.flush()
