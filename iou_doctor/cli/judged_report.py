"""The options for what a report says and where it goes, and what a check is judged by."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iou_doctor.choices import split_slices
from iou_doctor.cli.judgement_options import NEW_BASELINE, JudgementOptions
from iou_doctor.cli.options import split_lists
from iou_doctor.cli.report_options import ReportOptions, insert_name

if TYPE_CHECKING:
    from iou_doctor.arrays.expected import ExpectedInterpretation
    from iou_doctor.cli.outputs import ReportOutput
    from iou_doctor.diagnosis.request import CheckRequest
    from iou_doctor.diagnosis.slicing import SliceRequest
    from iou_doctor.report.baseline import Baseline
    from iou_doctor.report.score_lookup import PrintedScore
    from iou_doctor.safety.protected_files import ProtectedPath

LONE_NAME = "check"
"""The name of a check that the configuration does not name."""


class JudgedReportOptions(ReportOptions, JudgementOptions):
    """Which reports to write, and by what to judge."""

    def judge(
        self,
        request: "CheckRequest",
        *,
        expected: "ExpectedInterpretation | None" = None,
        name: str = LONE_NAME,
    ) -> "CheckRequest":
        """Return a request with what these options say.

        Args:
            request: what to check.
            expected: the interpretation that the configuration expects.
            name: the text that replaces `{name}` in file names.

        Raises:
            UsageError: an option cannot work.
        """
        from dataclasses import replace

        from iou_doctor.diagnosis.request import check_confidence
        from iou_doctor.diagnosis.selection import Selection

        return replace(
            request,
            selection=Selection(select=split_lists(self.select), ignore=split_lists(self.ignore)),
            fail_on=self.fail_on,
            minimums=self.build_minimums(),
            confidence=check_confidence(self.confidence, name="--confidence"),
            details=self.wants_details(),
            boundary_iou=self.verbose,
            ledger=self.ledger,
            slices=self._parse_slices(),
            baseline=self._load_baseline(name),
            expected=expected,
            all_implementations=self.contracts == "all",
            score_to_explain=_parse_score(self.seen),
        )

    def writes_files(self) -> bool:
        """Return whether a report goes to a file, or may do so."""
        return self.write_baseline or super().writes_files()

    def protect(
        self, inputs: Iterable[str], *, name: str = LONE_NAME
    ) -> "tuple[ProtectedPath, ...]":
        """Return the inputs and the baseline, which no report may change."""
        from iou_doctor.safety.protected_files import ProtectedPath, protect_inputs

        slices = split_slices(self.slices or ())
        tables = [file for one in slices if (file := one.partition("@")[2])]
        protected = protect_inputs([*inputs, *tables])
        if self.baseline is None or self.write_baseline:
            return protected
        return *protected, ProtectedPath(Path(insert_name(self.baseline, name)), "the baseline")

    def check_outputs(
        self, protected: "Sequence[ProtectedPath]", *, name: str = LONE_NAME
    ) -> "tuple[ReportOutput, ...]":
        """Return the reports to write, a new baseline among them.

        Args:
            protected: what the run reads, which no report may change.
            name: the text that replaces `{name}` in file names.
        """
        place = insert_name(self.baseline or NEW_BASELINE, name)
        return self.list_outputs(
            name=name,
            protected=protected,
            baseline=place if self.write_baseline else None,
        )

    def _parse_slices(self) -> "tuple[SliceRequest, ...]":
        if not self.slices:
            return ()
        from iou_doctor.diagnosis.slice_options import parse_slices

        return parse_slices(split_slices(self.slices), option="--slice")

    def _load_baseline(self, name: str) -> "Baseline | None":
        from iou_doctor.report.baseline import load_baseline

        if self.baseline is None or self.write_baseline:
            return None
        return load_baseline(insert_name(self.baseline, name), max_drop=self.max_drop)


def _parse_score(text: str | None) -> "PrintedScore | None":
    if text is None:
        return None
    from iou_doctor.report.score_lookup import parse_score

    return parse_score(text)
