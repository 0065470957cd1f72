"""The callback: when it checks, what it prints, and when it stops the training."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Collection
from dataclasses import replace
from types import ModuleType

from iou_doctor.api.report import Report, with_rendering
from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.render import training_log
from iou_doctor.report.finding import Finding, Needs, Severity
from iou_doctor.training.keras_types import Metric, Model
from iou_doctor.training.metric_call import write_call
from iou_doctor.training.step_recorder import Arrays, Step, StepRecorder
from iou_doctor.training.unreported_rules import list_unreported_rules
from iou_doctor.training.weights import drop_unweighted_pixels

STOP_ON = (None, Severity.ERROR.value, Severity.WARNING.value)
"""The values of the argument `stop_on`."""


class Checkup:
    """Keras callback that checks what the IoU metrics receive in `model.fit`.

    After each of the first batches and epochs, and after their validation, it takes some samples of
    the arrays that each IoU metric of `keras.metrics` received, and runs the checks of `iou-doctor
    check` on them with the metric's own arguments. It prints each finding once, to stdout. A
    healthy training prints nothing. The reports of all checks are in `reports`, the latest last.

    Rules about a whole data set, such as absent-class and collapsed-predictions, are not reported.
    Rules that compare predictions with masks are reported from the end of the first epoch on.
    Pixels whose sample weight is 0 are left out, as in the metric. Other weights are treated as 1.

    Args:
        stop_on: "error" or "warning". A finding of this severity or a worse one sets
            `model.stop_training`, so that `fit` ends and returns its history. With `None`, the
            training always continues.
        samples: the maximum number of samples in one check. They come from the latest batches.
        batches: how many batches at the start of the training to check. Also the number of latest
            batches from which samples are kept.
        epochs: how many epochs at the start of the training to check.
        class_names: one name for each class.
        ignore: rules not to report: codes, prefixes of codes, or names.

    Raises:
        iou_doctor.errors.UsageError: an argument is invalid.
    """

    library: ModuleType
    """`keras` or `tf_keras`."""
    model: Model

    def __init__(
        self,
        *,
        stop_on: str | None = None,
        samples: int = 16,
        batches: int = 2,
        epochs: int = 2,
        class_names: Collection[str] = (),
        ignore: Collection[str] = (),
    ) -> None:
        super().__init__()
        if stop_on not in STOP_ON:
            raise UsageError(f"stop_on={stop_on!r}: give 'error', 'warning' or None")
        if min(samples, batches) < 1 or epochs < 0:
            raise UsageError("samples and batches must be 1 or more, epochs 0 or more")
        self.stop_on = None if stop_on is None else Severity(stop_on)
        self.samples, self.batches, self.epochs = samples, batches, epochs
        self.class_names, self.ignore = tuple(class_names), tuple(ignore)
        self.reports: list[Report] = []
        """The report of every check, the latest last."""
        self._printed: set[str] = set()
        self._recorders: dict[Step, StepRecorder] = {}
        self._batches_checked = self._epochs_checked = 0
        self._stopped = False
        Selection(ignore=self.ignore)  # raises now, and not during the training

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002
        """Start to record the training step, before Keras traces it."""
        self._remove_recorders()  # an earlier training may have been interrupted
        self._batches_checked = self._epochs_checked = 0
        self._stopped = False
        self._record("train")

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
        """Check the first batches."""
        if self._batches_checked < self.batches:
            self._batches_checked += 1
            self._check_step("train", f"training, batch {batch + 1}", trained=False)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        """Check after the first epochs, and stop recording after the last of them."""
        if self._epochs_checked < self.epochs:
            self._epochs_checked += 1
            self._check_step("train", f"training, epoch {epoch + 1}", trained=True)
        if self._epochs_checked >= self.epochs:
            for recorder in self._recorders.values():
                recorder.stop()

    def on_train_end(self, logs: object = None) -> None:  # noqa: ARG002
        """Restore the model's own steps."""
        self._remove_recorders()

    def on_test_begin(self, logs: object = None) -> None:  # noqa: ARG002
        """Start to record the step of the validation or of `evaluate`."""
        self._record("test")

    def on_test_end(self, logs: object = None) -> None:  # noqa: ARG002
        """Check what the metrics received in the validation or in `evaluate`."""
        is_validation = "train" in self._recorders
        when = f"validation, epoch {self._epochs_checked + 1}" if is_validation else "evaluate"
        self._check_step("test", when, trained=True)
        if not is_validation:
            self._remove_recorders()

    def _record(self, step: Step) -> None:
        if step in self._recorders or not self._can_record():
            return
        per_batch = -(-self.samples // self.batches)
        self._recorders[step] = StepRecorder(
            self.library, self.model, step, samples=per_batch, batches=self.batches
        )

    def _remove_recorders(self) -> None:
        for recorder in self._recorders.values():
            recorder.remove()
        self._recorders.clear()

    def _can_record(self) -> bool:
        """Return whether the steps of the model can be recorded; if they cannot, print why."""
        name = self.library.__name__
        if not isinstance(self.model, self.library.Model):
            other = "keras" if name == "tf_keras" else "tf_keras"
            self._print_once(
                f"this is not a model of {name}; import Checkup from iou_doctor.{other}"
            )
        elif self.library.backend.backend() != "tensorflow":
            self._print_once(
                "Checkup needs the TensorFlow backend of Keras; for others, call iou_doctor.check"
            )
        elif self.model.distribute_strategy.num_replicas_in_sync > 1:
            self._print_once(
                "Checkup cannot check training on several replicas; call iou_doctor.check"
            )
        else:
            return True
        return False

    def _check_step(self, step: Step, when: str, *, trained: bool) -> None:
        """Check what each metric received in the latest batches of a step."""
        recorder = self._recorders.get(step)
        if recorder is None or self._stopped:
            return
        for key, metric in recorder.metrics.items():
            arrays = recorder.collect_arrays(key)
            if arrays is not None:
                self._check_metric(metric, arrays, when=when, trained=trained)
        for name in recorder.unsplittable:
            self._print_once(
                f"metric {name} is not checked: its arrays cannot be split into samples"
            )
        if not recorder.metrics and not recorder.unsplittable:
            metrics = f"{self.library.__name__}.metrics"
            self._print_once(f"nothing to check: {step}_step updates no IoU metric of {metrics}")

    def _check_metric(self, metric: Metric, arrays: Arrays, *, when: str, trained: bool) -> None:
        (y_true, y_pred), note = drop_unweighted_pixels(*arrays)
        rules = list_unreported_rules(trained=trained)
        request = CheckRequest(
            predictions=y_pred,
            masks=y_true,
            options=Options(class_names=self.class_names),
            metric=write_call(metric),
            selection=Selection(ignore=(*self.ignore, *rules)),
        )
        try:
            report = with_rendering(check(request))
        except IouDoctorError as error:
            self._print_once(f"metric {metric.name} is not checked: {error}")
            return
        except Exception:  # a bug in iou-doctor must not end the user's training
            text = f"iou-doctor failed; the training continues:\n{traceback.format_exc()}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
            return
        if note is not None:
            report = _add_weights_note(report, note)
        self.reports.append(report)
        heading = f"{when}, metric {metric.name}, {len(arrays[0])} samples"
        self._print_findings(report, heading + (f" ({note})" if note else ""), metric.name)

    def _print_findings(self, report: Report, heading: str, name: str) -> None:
        """Print the new findings of a metric, and stop the training if one is severe enough."""
        new = [f for f in _select_faults(report) if f"{name} {f.rule.code}" not in self._printed]
        if not new:
            return
        self._printed |= {f"{name} {finding.rule.code}" for finding in new}
        text = training_log.render(report, new, heading=heading)
        if self.stop_on is not None and report.fails_at(self.stop_on):
            self.model.stop_training = self._stopped = True
            text += f"iou-doctor: training stopped because of stop_on={self.stop_on.value!r}\n"
        _print(text)

    def _print_once(self, text: str) -> None:
        """Print a line, unless it has been printed already."""
        if text not in self._printed:
            self._printed.add(text)
            _print(f"iou-doctor: {text}\n")


def _add_weights_note(report: Report, note: str) -> Report:
    """Return the report with an assumption that states what was done about sample weights."""
    assumption = Assumption("sample_weight", note, "the metric receives sample weights")
    assumed = (*report.reading.assumed, assumption)
    return replace(report, reading=replace(report.reading, assumed=assumed))


def _select_faults(report: Report) -> list[Finding]:
    """Return the findings to print in a log: no notes, and no consequences of others.

    Findings about a whole data set are left out, like the rules about one.
    """
    return [
        finding
        for finding in report.findings
        if finding.severity is not Severity.NOTE and finding.rule.name not in report.consequences
        if finding.needs is not Needs.WHOLE_DATA_SET
    ]


def _print(text: str) -> None:
    """Print below the progress bar. Characters that stdout cannot encode become `?`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write("\n" + text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
