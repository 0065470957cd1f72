"""The callback: when it looks, what it says, and when it ends the training."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from iou_doctor.api.report import Report, with_rendering
from iou_doctor.arrays.interpretation import Options
from iou_doctor.arrays.layout import Assumption
from iou_doctor.diagnosis.pipeline import check
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.diagnosis.selection import Selection
from iou_doctor.errors import IouDoctorError, UsageError
from iou_doctor.render import training_log
from iou_doctor.report.finding import Finding, Severity
from iou_doctor.training.calls import call_of
from iou_doctor.training.tap import Arrays, Tap
from iou_doctor.training.unreported_rules import list_unreported_rules
from iou_doctor.training.weights import weighed

STOPS = (None, Severity.ERROR.value, Severity.WARNING.value)


class Checkup:
    """Looks at what the IoU metrics of Keras receive in `model.fit`, and says what is wrong.

    It looks after the first batches and after the first epochs, at some samples of the latest
    batches and of the validation, and runs the checks of `iou-doctor check` on them, for each
    metric as it was made. A finding is printed once, on stdout; a healthy training prints nothing.
    Rules that speak about a whole data set (absent classes, collapse) are left to the command line.
    Pixels of sample weight 0 are left out, as the metric does it; other weights are taken for 1.

    Args:
        stop_on: "error" or "warning": a finding this bad or worse sets `model.stop_training`, so
            that `fit` ends after the batch and returns its history; `None`: it goes on.
        samples: how many samples a look takes at most, from the latest batches.
        batches: after how many of the first batches it looks, and of how many it keeps samples.
        epochs: after how many of the first epochs it looks again.
        class_names: one name for each class.
        ignore: rules not to report: codes, prefixes of codes, or names.

    Raises:
        iou_doctor.errors.UsageError: an argument that cannot work.
    """

    library: Any
    """`keras` or `tf_keras`."""
    model: Any

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
        if stop_on not in STOPS:
            raise UsageError(f"stop_on={stop_on!r}: give 'error', 'warning' or None")
        if min(samples, batches) < 1 or epochs < 0:
            raise UsageError("samples and batches must be 1 or more, epochs 0 or more")
        self.stop_on = None if stop_on is None else Severity(stop_on)
        self.samples, self.batches, self.epochs = samples, batches, epochs
        self.class_names, self.ignore = tuple(class_names), tuple(ignore)
        self.reports: list[Report] = []
        """The Report of every look, the latest last."""
        self._said: set[str] = set()
        self._taps: dict[str, Tap] = {}
        self._looks = {"batches": 0, "epochs": 0}
        self._stopped = False
        Selection(ignore=self.ignore)  # an unknown rule is refused here and not in the training

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Tap the training step, before Keras traces it."""
        self._untap()  # an earlier training may have broken off
        self._looks, self._stopped = {"batches": 0, "epochs": 0}, False
        self._tap("train")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Look at what the first batches gave the metrics."""
        if self._looks["batches"] < self.batches:
            self._looks["batches"] += 1
            self._look("train", f"training, batch {batch + 1}", trained=False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Look once more after the first epochs, and then no more."""
        if self._looks["epochs"] < self.epochs:
            self._looks["epochs"] += 1
            self._look("train", f"training, epoch {epoch + 1}", trained=True)
        if self._looks["epochs"] >= self.epochs:
            for tap in self._taps.values():
                tap.rest()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Leave the model as it was."""
        self._untap()

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Tap the step of the validation, or of `evaluate`."""
        self._tap("test")

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Look at what the validation gave the metrics."""
        training_goes_on = "train" in self._taps
        when = f"validation, epoch {self._looks['epochs'] + 1}" if training_goes_on else "evaluate"
        self._look("test", when, trained=True)
        if not training_goes_on:
            self._untap()

    def _tap(self, step: str) -> None:
        if step in self._taps or not self._reachable():
            return
        each = -(-self.samples // self.batches)
        self._taps[step] = Tap(self.library, self.model, step, samples=each, batches=self.batches)

    def _untap(self) -> None:
        for tap in self._taps.values():
            tap.remove()
        self._taps.clear()

    def _reachable(self) -> bool:
        name = self.library.__name__
        if not isinstance(self.model, self.library.Model):
            other = "keras" if name == "tf_keras" else "tf_keras"
            self._say(f"this model is none of {name}; import Checkup from iou_doctor.{other}")
        elif self.library.backend.backend() != "tensorflow":
            self._say("Checkup needs Keras on TensorFlow; on others use iou_doctor.check")
        elif self.model.distribute_strategy.num_replicas_in_sync > 1:
            self._say("Checkup does not look into several replicas; use iou_doctor.check")
        else:
            return True
        return False

    def _look(self, step: str, when: str, *, trained: bool) -> None:
        tap = self._taps.get(step)
        if tap is None or self._stopped:
            return
        for key, metric in tap.metrics.items():
            arrays = tap.arrays(key)
            if arrays is not None:
                self._examine(metric, arrays, when=when, trained=trained)
        for name in tap.unsuited:
            self._say(f"metric {name} is not looked at: its arrays cannot be cut into samples")
        if not tap.metrics and not tap.unsuited:
            where = f"{self.library.__name__}.metrics is updated in {step}_step"
            self._say(f"no IoU metric of {where}: nothing to check")

    def _examine(self, metric: Any, arrays: Arrays, *, when: str, trained: bool) -> None:
        ignore = (*self.ignore, *list_unreported_rules(trained=trained))
        (y_true, y_pred), said = weighed(*arrays)
        request = CheckRequest(
            predictions=y_pred,
            masks=y_true,
            options=Options(class_names=self.class_names),
            metric=call_of(metric),
            selection=Selection(ignore=ignore),
        )
        try:
            report = check(request)
        except IouDoctorError as error:
            self._say(f"metric {metric.name} is not looked at: {error}")
            return
        except Exception:  # our own bug must not cost somebody a training
            text = f"iou-doctor failed, training goes on:\n{traceback.format_exc()}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
            return
        found = with_rendering(report) if said is None else _noted(with_rendering(report), said)
        self.reports.append(found)
        heading = f"{when}, metric {metric.name}, {len(arrays[0])} samples"
        self._tell(found, heading + (f" ({said})" if said else ""), metric.name)

    def _tell(self, report: Report, heading: str, name: str) -> None:
        """Print the findings that are new, and stop the training if one is too bad."""
        new = [f for f in _worth(report) if f"{name} {f.rule.code}" not in self._said]
        if not new:
            return
        self._said |= {f"{name} {finding.rule.code}" for finding in new}
        text = training_log.render(report, new, heading=heading)
        if self.stop_on is not None and report.fails_at(self.stop_on):
            self.model.stop_training = self._stopped = True
            text += f"iou-doctor: stop_on={self.stop_on.value!r} ends the training here\n"
        _print(text)

    def _say(self, text: str) -> None:
        """Print one line, once."""
        if text not in self._said:
            self._said.add(text)
            _print(f"iou-doctor: {text}\n")


def _noted(found: Report, said: str) -> Report:
    """Return the report with what was done about sample weights."""
    note = Assumption("sample_weight", said, "the metric is given sample weights")
    interpretation = replace(found.reading, assumed=(*found.reading.assumed, note))
    return replace(found, reading=interpretation)


def _worth(report: Report) -> list[Finding]:
    """Return the findings worth a line in a log: no notes, no mere consequences."""
    return [
        finding
        for finding in report.findings
        if finding.severity is not Severity.NOTE and finding.rule.name not in report.consequences
    ]


def _print(text: str) -> None:
    """Print below the progress bar, whatever the terminal can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    sys.stdout.write("\n" + text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
