"""The callback: when it checks, what it prints, and when it stops the training."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Collection
from types import ModuleType

from iou_doctor.api.report import Report
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.render import training_log
from iou_doctor.report.finding import Severity
from iou_doctor.training.keras_types import Metric, Model
from iou_doctor.training.log_texts import describe_health, print_below, select_faults
from iou_doctor.training.metric_check import check_metric, describe_situation
from iou_doctor.training.situation import Fit, Stage, measure_fit
from iou_doctor.training.step_recorder import Arrays, Step, StepRecorder
from iou_doctor.training.supported import find_obstacle

STOP_ON = (None, Severity.ERROR.value, Severity.WARNING.value)
"""The values of the argument `stop_on`."""


class Checkup:
    """Keras callback that checks what the IoU metrics receive in `model.fit`.

    After each of the first batches and epochs, and after their validation, it takes some samples of
    the arrays that each IoU metric of `keras.metrics` received, and runs the checks of `iou-doctor
    check` on them with the metric's own arguments. It prints each finding once, to stdout. A
    healthy training prints one line, after the last check. The reports of all checks are in
    `reports`, the latest last. Keras raises for arrays that flatten to different lengths: the
    finding is then printed first.

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
        ledger: print at the end of the training where the missing mean IoU goes, for the samples
            of the last batches: those of the validation, if there is one. Batches are then kept in
            all epochs.

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
        ledger: bool = False,
    ) -> None:
        super().__init__()
        if stop_on not in STOP_ON:
            raise UsageError(f"stop_on={stop_on!r}: give 'error', 'warning' or None")
        if min(samples, batches) < 1 or epochs < 0:
            raise UsageError("samples and batches must be 1 or more, epochs 0 or more")
        self.stop_on = None if stop_on is None else Severity(stop_on)
        self.samples, self.batches, self.epochs = samples, batches, epochs
        self.class_names, self.ignore, self.ledger = tuple(class_names), tuple(ignore), ledger
        self.reports: list[Report] = []
        """The report of every check, the latest last."""
        self._printed: set[str] = set()
        self._checked: dict[str, str] = {}
        """When each metric was checked last, by its name."""
        self._fits: dict[str, Fit] = {}
        """How well the network fits its training masks, by the keys of `StepRecorder.metrics`."""
        self._recorders: dict[Step, StepRecorder] = {}
        self._epoch = self._batches_checked = self._epochs_checked = 0
        self._stopped = self._is_past_epochs = self._is_epoch_checked = False
        Selection(ignore=self.ignore)  # raises now, and not during the training

    def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002
        """Start to record the training step, before Keras traces it."""
        self._remove_recorders()  # an earlier training may have been interrupted
        self._fits.clear()
        self._batches_checked = self._epochs_checked = 0
        self._stopped = self._is_past_epochs = False
        self._record("train")

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
        """Check the first batches."""
        if self._batches_checked < self.batches:
            self._batches_checked += 1
            self._check_step("train", f"training, batch {batch + 1}", Stage.FIRST_BATCHES)

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        """Note which epoch it is."""
        self._epoch, self._is_epoch_checked = epoch + 1, False

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
        """Check after the first epochs, and stop recording after the last of them."""
        self._check_epoch()
        self._epochs_checked += 1
        self._is_past_epochs = self._epochs_checked >= self.epochs
        if self._is_past_epochs and not self.ledger:
            self._print_health()
            for recorder in self._recorders.values():
                recorder.stop()

    def _check_epoch(self) -> None:
        """Check the training of one of the first epochs, once."""
        if self._epochs_checked < self.epochs and not self._is_epoch_checked:
            self._is_epoch_checked = True
            self._check_step("train", f"training, epoch {self._epoch}", Stage.EPOCH)

    def on_train_end(self, logs: object = None) -> None:  # noqa: ARG002
        """Restore the model's own steps."""
        self._print_ledger()
        self._print_health()
        self._remove_recorders()

    def on_test_begin(self, logs: object = None) -> None:  # noqa: ARG002
        """Start to record the step of the validation or of `evaluate`."""
        if "train" in self._recorders:
            self._check_epoch()  # whether the network has learned anything matters afterwards
        self._record("test")

    def on_test_end(self, logs: object = None) -> None:  # noqa: ARG002
        """Check what the metrics received in the validation or in `evaluate`."""
        if not self._is_past_epochs or "train" not in self._recorders:
            self._check_step("test", *self._name_test())
        if "train" not in self._recorders:
            self._print_health()
            self._remove_recorders()

    def _name_test(self) -> tuple[str, Stage]:
        if "train" in self._recorders:
            return f"validation, epoch {self._epoch}", Stage.VALIDATION
        return "evaluate", Stage.EVALUATION

    def _record(self, step: Step) -> None:
        if step in self._recorders or not self._can_record():
            return
        per_batch = -(-self.samples // self.batches)
        when = "training, batch 1" if step == "train" else self._name_test()[0]
        self._recorders[step] = StepRecorder(
            self.library,
            self.model,
            step,
            samples=per_batch,
            batches=self.batches,
            on_refusal=lambda: self._check_step(step, when, Stage.FIRST_BATCHES),
            say=self._print_once,
        )

    def _remove_recorders(self) -> None:
        for recorder in self._recorders.values():
            recorder.remove()
        self._recorders.clear()

    def _can_record(self) -> bool:
        """Return whether the steps of the model can be recorded; if they cannot, print why."""
        if (obstacle := find_obstacle(self.library, self.model)) is not None:
            self._print_once(obstacle)
        return obstacle is None

    def _check_step(self, step: Step, when: str, stage: Stage) -> None:
        """Check what each metric received in the latest batches of a step."""
        recorder = self._recorders.get(step)
        if recorder is None or self._stopped:
            return
        for key, metric in recorder.metrics.items():
            arrays = recorder.collect_arrays(key)
            if arrays is not None:
                self._check_metric(key, metric, arrays, stage, when)
        for name in recorder.unsplittable:
            reason = "its arrays cannot be split into samples"
            self._print_once(f"metric {name} is not checked: {reason}")
        if not recorder.metrics and not recorder.unsplittable:
            metrics = f"{self.library.__name__}.metrics"
            self._print_once(f"nothing to check: {step}_step updates no IoU metric of {metrics}")

    def _check_metric(
        self, key: str, metric: Metric, arrays: Arrays, stage: Stage, when: str
    ) -> None:
        training, fit = self._recorders.get("train"), self._fits.get(key, Fit())
        situation = describe_situation(training, key, metric, stage=stage, fit=fit)
        try:
            report, note = check_metric(
                metric, arrays, situation, class_names=self.class_names, ignore=self.ignore
            )
        except IouDoctorError as error:
            self._print_once(f"metric {metric.name} is not checked: {error}")
            return
        except Exception:  # a bug in iou-doctor must not end the user's training
            text = f"iou-doctor failed; the training continues:\n{traceback.format_exc()}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
            return
        if stage is Stage.EPOCH:
            self._fits[key] = measure_fit(report)
        self.reports.append(report)
        self._checked[metric.name] = when
        heading = f"{when}, metric {metric.name}, {len(arrays[0])} samples"
        self._print_findings(report, heading + (f" ({note})" if note else ""), metric.name)

    def _print_findings(self, report: Report, heading: str, name: str) -> None:
        """Print the new findings of a metric, and stop the training if one is severe enough."""
        new = [f for f in select_faults(report) if f"{name} {f.rule.code}" not in self._printed]
        if not new:
            return
        self._printed |= {f"{name} {finding.rule.code}" for finding in new}
        text = training_log.render(report, new, heading=heading)
        if self.stop_on is not None and report.fails_at(self.stop_on):
            self.model.stop_training = self._stopped = True
            text += f"iou-doctor: training stopped because of stop_on={self.stop_on.value!r}\n"
        print_below(text)

    def _print_health(self) -> None:
        """Say what was checked, if nothing else has been printed."""
        if self._printed or not self._checked:
            return
        self._print_once(describe_health(self._checked, self.reports, self.samples))

    def _print_ledger(self) -> None:
        """Print where the missing mean IoU goes, once the training has ended."""
        if not self.ledger:
            return
        step: Step = "test" if "test" in self._recorders else "train"
        known = len(self.reports)
        stage = Stage.EPOCH if step == "train" else Stage.VALIDATION
        self._check_step(step, "the last batches", stage)
        for report in self.reports[known:]:
            print_below(training_log.render_ledger(report))

    def _print_once(self, text: str) -> None:
        """Print a line, unless it has been printed already."""
        if text not in self._printed:
            self._printed.add(text)
            print_below(f"iou-doctor: {text}\n")
