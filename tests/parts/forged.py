"""`python -m parts.forged`: change every field of plans, parts and reports, one after the other.

Whoever forges a file can also renew its seal, so this does. No change may end in an internal error.
"""

# ruff: noqa: T201 - what it says goes to the terminal

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from build import pair_of
from PIL import Image

from iou_doctor.arrays.interpretation import Options
from iou_doctor.diagnosis.pipeline import choose_settings, open_arrays
from iou_doctor.diagnosis.request import CheckRequest
from iou_doctor.errors import IouDoctorError
from iou_doctor.parts import file
from iou_doctor.parts.file import read_part, write_part
from iou_doctor.parts.job import make_job, refuse_other_job
from iou_doctor.parts.look import look_over
from iou_doctor.parts.make_report import make_report
from iou_doctor.parts.part import merge_parts
from iou_doctor.parts.plan_file import Plan, read_again, read_plan, refuse_foreign, write_plan
from iou_doctor.parts.scan_shard import ShardScan
from iou_doctor.render import json_v1
from parts.forging import (
    change_column,
    list_changes,
    list_places,
    read_members,
    seal_part,
    seal_plan,
)
from parts.test_same_report import make_labels, make_scores

LONGEST = 700
"""Characters of a message."""


def make_pairs(folder):
    """Yield requests, each with the pair that it names."""
    masks, predictions = make_labels(samples=6)
    four = CheckRequest(options=Options(num_classes=4))
    yield "labels", four, pair_of(y_true=masks, y_pred=predictions)
    yield "swapped", four, pair_of(y_true=masks, y_pred=predictions.transpose(0, 2, 1))
    flipped = predictions.copy()
    flipped[2] = flipped[2, ::-1]
    order = [1, 0, 3, 2, 5, 4]
    yield "shuffled", four, pair_of(y_true=masks, y_pred=predictions[order])
    yield "one flipped", four, pair_of(y_true=masks, y_pred=flipped)
    masks, scores = make_scores()
    yield (
        "scores",
        replace(four, all_implementations=True, ledger="off"),
        pair_of(y_true=masks, y_pred=scores),
    )
    one_hot = np.eye(4, dtype=np.uint8)[masks]
    several = replace(four, metric="torchmetrics.JaccardIndex(task='multilabel', num_labels=4)")
    yield "channels", several, pair_of(y_true=one_hot, y_pred=scores)
    two = CheckRequest(options=Options(num_classes=2))
    yield (
        "one channel",
        replace(two, all_implementations=True),
        pair_of(y_true=(masks > 1).astype(np.float32), y_pred=scores[..., 2:].sum(-1) / 3),
    )
    for name, stack in (("masks", masks), ("predictions", scores.argmax(-1).astype(np.uint8))):
        (folder / name).mkdir()
        for number, labels in enumerate(stack):
            Image.fromarray(labels[: 20 + number]).save(folder / name / f"{number}.png")
    names = replace(four, masks=str(folder / "masks"), predictions=str(folder / "predictions"))
    yield "folders", names, open_arrays(names)


class Trials:
    """Counts what became of forged files."""

    def __init__(self, *, every: int, seed: int = 0, wanted=()) -> None:
        self.kinds: Counter[str] = Counter()
        self.failures: dict[str, str] = {}
        self.random = random.Random(seed)
        self.every, self.wanted = every, wanted

    def wants(self, kind: str) -> bool:
        return not self.wanted or kind in self.wanted

    def is_drawn(self) -> bool:
        return self.random.randrange(self.every) == 0

    def try_all(self, name, document, use):
        """Use a document, which is sound, and every change of it."""
        use(document)
        for place in list_places(document):
            for changed in list_changes(document, place, self.is_drawn):
                self.try_one(name, f"{place}", changed, use)

    def try_one(self, name, what, changed, use):
        """Use what was changed, and note what became of it."""
        try:
            use(changed)
            self.kinds[f"{name}: answered"] += 1
        except IouDoctorError as error:
            self.kinds[f"{name}: refused"] += 1
            if "\n" in str(error) or len(str(error)) > LONGEST:
                self.failures.setdefault(f"long: {str(error)[:40]}", f"{name} {what}")
        except Exception as error:
            self.kinds[f"{name}: FAILED"] += 1
            frames = traceback.extract_tb(error.__traceback__)
            last = next(one for one in reversed(frames) if "/iou_doctor/" in one.filename)
            key = f"{type(error).__name__} {last.filename}:{last.lineno}"
            self.failures.setdefault(key, f"{name} {what}: {str(error)[:200]}")


class Forger:
    """Uses forged plans, parts and reports of one pair."""

    def __init__(self, name, request, pair, folder, trials):
        self.name, self.request, self.pair = name, request, pair
        self.folder, self.trials = folder, trials
        self.look = look_over(pair, request)
        self.job = make_job(pair, request, self.look.layout, 2)
        self.parts = self.scan(self.look.questions)

    def scan(self, questions):
        settings = choose_settings(self.request)
        return [
            ShardScan(self.pair, self.job, questions, shard, settings).scan(keep=print)
            for shard in (1, 2)
        ]

    def forge_all(self):
        for kind in ("plan", "part", "again"):
            if self.trials.wants(kind):
                getattr(self, f"forge_{kind}")(f"{self.name} {kind}")

    def forge_plan(self, name):
        write_plan(self.folder / "plan.json", Plan(self.job, self.look.questions))
        document = json.loads((self.folder / "plan.json").read_text())
        self.trials.try_all(name, document, self.use_plan)

    def use_plan(self, document):
        """Scan both shards by a plan, and report on them."""
        place = self.folder / "forged.json"
        place.write_text(seal_plan(document))
        plan = read_plan(str(place))
        request = replace(
            self.request,
            options=plan.job.options,
            metric=plan.job.metric,
            all_implementations=plan.job.counts_for_all,
            ledger=plan.job.ledger,
        )
        job = make_job(self.pair, request, plan.job.layout, 1)
        refuse_other_job(replace(plan.job, shards=1), job, (str(place), "arrays"))
        scan = ShardScan(self.pair, job, plan.questions, 1, choose_settings(request))
        json_v1.render(make_report(scan.scan(keep=print), request))

    def forge_part(self, name):
        write_part(self.folder / "1.npz", self.parts[0])
        members = read_members(self.folder / "1.npz")
        document = json.loads(members.pop(file.HEADER))
        self.trials.try_all(name, document, lambda changed: self.use_part(changed, members))
        for member, stored in members.items():
            for changed in change_column(stored, self.trials.random, self.trials.is_drawn):
                others = {**members, member: changed}
                self.trials.try_one(
                    name, member, others, lambda some: self.use_part(document, some)
                )

    def use_part(self, document, members):
        """Report on a part and another one."""
        place = self.folder / "forged.npz"
        with zipfile.ZipFile(place, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.writestr(file.HEADER, seal_part(document, archive))
        part = read_part(str(place))
        write_part(self.folder / "copy.npz", part)
        json_v1.render(make_report(merge_parts([part, self.parts[1]]), self.request))

    def forge_again(self, name):
        again = make_report(merge_parts(self.parts), self.request).again
        if again:
            self.trials.try_all(name, {"again": list(again)}, self.use_again)

    def use_again(self, document):
        """Scan both shards for the second round, and report on all parts."""
        (self.folder / "again.json").write_text(json.dumps(document))
        questions = read_again(str(self.folder / "again.json"))
        refuse_foreign(questions, self.job.layout, "again.json")
        whole = merge_parts([*self.parts, *self.scan(questions)])
        json_v1.render(make_report(whole, self.request))


def main() -> int:
    """Change all files; return 1 if one of them ends in an internal error."""
    parser = argparse.ArgumentParser("parts.forged", description=__doc__)
    parser.add_argument("--pairs", nargs="*", help="only these pairs of arrays")
    parser.add_argument("--files", nargs="*", help="only these: plan, part, again")
    parser.add_argument("--every", type=int, default=1, help="one of so many changes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    trials = Trials(every=options.every, seed=options.seed, wanted=options.files)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, request, pair in make_pairs(Path(name)):
            if not options.pairs or label in options.pairs:
                Forger(label, request, pair, Path(name), trials).forge_all()
    for kind, number in sorted(trials.kinds.items()):
        print(f"{number:7} {kind}")
    for kind, text in trials.failures.items():
        print(f"{kind}: {text}")
    return int(bool(trials.failures))


if __name__ == "__main__":
    sys.exit(main())
