"""The options for the reports that a check writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from iou_doctor.cli import completion
from iou_doctor.cli.options import DEFAULT_PICTURES, OUTPUT, Pictures, declare_option
from iou_doctor.cli.signature import CommandOptions
from iou_doctor.render import FORMATS

if TYPE_CHECKING:
    from iou_doctor.cli.outputs import ReportOutput
    from iou_doctor.safety.protected_files import ProtectedPath

NAME = "{name}"
"""The placeholder for a check's name in the files that it writes and in its baseline."""


class ReportOptions(CommandOptions):
    """Which reports to write, and where."""

    output_format: Annotated[
        str,
        declare_option(
            OUTPUT,
            f"How to write the report: {', '.join(FORMATS)}.",
            metavar="FORMAT",
            autocompletion=completion.complete_formats,
        ),
    ] = "full"
    output: Annotated[
        Path | None,
        declare_option(OUTPUT, "Write the report to FILE instead of stdout.", metavar="FILE"),
    ] = None
    reports: Annotated[
        list[str] | None,
        declare_option(
            OUTPUT,
            "Write one more report, from the same scan; repeatable.",
            "--report",
            metavar="FORMAT=FILE",
            autocompletion=completion.complete_report_files,
        ),
    ] = None
    pictures: Pictures = DEFAULT_PICTURES
    quiet: Annotated[bool, declare_option(OUTPUT, "Print only the verdict.", "--quiet", "-q")] = (
        False
    )
    verbose: Annotated[
        bool,
        declare_option(
            OUTPUT,
            "Print every finding, class and rule in full, and the boundary IoU.",
            "--verbose",
            "-v",
        ),
    ] = False

    def writes_files(self) -> bool:
        """Return whether a report goes to a file, or may do so: GitHub's goes to a summary too."""
        return self.output is not None or bool(self.reports) or self.output_format == "github"

    def wants_details(self) -> bool:
        """Return whether a report may show more than the terminal shows without `--verbose`."""
        return self.verbose or self.writes_files() or self.output_format != "full"

    def list_outputs(
        self,
        *,
        name: str,
        protected: "Sequence[ProtectedPath]",
        baseline: str | None = None,
    ) -> "tuple[ReportOutput, ...]":
        """Return the reports to write, after checking that they can be written.

        Args:
            name: the text that replaces `{name}` in file names.
            protected: what the run reads, which no report may change.
            baseline: the file of a new baseline.

        Raises:
            UsageError: an unknown format, or a file that cannot be written.
        """
        from iou_doctor.cli.outputs import plan_outputs

        return plan_outputs(
            output_format=self.output_format,
            output=None if self.output is None else Path(insert_name(str(self.output), name)),
            reports=[insert_name(word, name) for word in self.reports or ()],
            baseline=baseline,
            protected=protected,
        )


def insert_name(text: str, name: str) -> str:
    """Return a path with the check's name in place of `{name}`."""
    return text.replace(NAME, name)
