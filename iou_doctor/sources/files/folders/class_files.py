"""Samples with one file for each class, as TotalSegmentator writes them, as label maps."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from iou_doctor.arrays.batch import StoredArray, StoredDtype
from iou_doctor.arrays.file_stamp import FileStamp
from iou_doctor.record import record
from iou_doctor.sources.files.affines import Affine
from iou_doctor.sources.files.file_series import FileSeries
from iou_doctor.sources.files.member import ArrayInMemory, Member, Values

VOLUME_FORMATS = ("nifti", "nrrd", "mha")
"""The formats whose files may be masks of single classes."""
_MOST_CLASSES = 1000
_DIGITS = re.compile(r"[0-9]+")
_WHOLE = slice(None)


@record
class ClassFilesMember:
    """The masks of all classes of one case."""

    members: tuple[Member, ...]
    """One for each class, in the order of their names."""
    name: str
    dtype: StoredDtype
    first: int
    """The label of the first class: 1 if 0 is what no file covers, 0 if the files cover all."""

    @property
    def file(self) -> str:
        """The path of the first mask."""
        return self.members[0].file

    @property
    def array_name(self) -> None:
        """`None`: a volume has no name inside its file."""

    @property
    def affine(self) -> Affine | None:
        """The directions of the axes of the first mask."""
        return self.members[0].affine

    @property
    def geo(self) -> None:
        """`None`: a volume does not lie on a map."""

    @property
    def stamps(self) -> tuple[FileStamp, ...]:
        """The files as they were before their headers were read."""
        return tuple(stamp for member in self.members for stamp in member.stamps)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of each mask."""
        return self.members[0].shape

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """All 1: the label map is put together as a whole."""
        return (1,) * len(self.shape)

    @property
    def kind(self) -> str:
        """The shape, in words."""
        return f"one file for each class {self.shape}"

    def load(self) -> Values:
        """Return the label map: where masks overlap, the later class.

        If the files should cover all and do not, 255 or 65535 is what they leave.

        Raises:
            SourceError: a file is damaged, or has changed.
        """
        void = 0 if self.first else 256**self.dtype.itemsize - 1
        labels = np.full(self.shape, void, self.dtype)
        for number, member in enumerate(self.members, self.first):
            labels[_read(member) > 0] = number
        return ArrayInMemory(labels)


@record
class ClassFiles:
    """Masks and predictions with one label map for each case."""

    true: FileSeries
    pred: FileSeries
    classes: tuple[str, ...]
    """The names of the classes in their order."""
    first: int
    """The label of the first class."""


def join_classes(true: FileSeries, pred: FileSeries) -> ClassFiles | None:
    """Return label maps of masks and predictions that have one file for each class.

    The files of a case have the names of the classes, are in a folder of their own, hold nothing
    but 0 and another value, and do not overlap. Those of images must cover all pixels as well,
    because folders of images may hold several views of one scene.

    Args:
        true: the masks.
        pred: the predictions.

    Returns:
        The two as one label map for each case, and the names of the classes in their order; `None`
        if the files are samples.
    """
    are_images = {true.format, pred.format} == {"images"}
    if are_images and not ("/" in true.names[0] and len(true.shape) == len(pred.shape) == 3):
        return None
    if not are_images and not {true.format, pred.format} <= set(VOLUME_FORMATS):
        return None
    cases, classes = _group(true)
    pred_cases, pred_classes = _group(pred)
    if not classes or classes != pred_classes:
        return None
    if not all(_are_disjoint(some, complete=are_images) for some in (cases, pred_cases)):
        return None
    first = 0 if are_images else 1
    joined = (_join(true, cases, classes, first), _join(pred, pred_cases, classes, first))
    return ClassFiles(*joined, classes, first)


def _group(series: FileSeries) -> tuple[dict[str, dict[str, Member]], tuple[str, ...]]:
    """Return the files of each folder by class, and the classes; none if these are not the same."""
    cases: dict[str, dict[str, Member]] = {}
    for member in series.members:
        folder, _, name = member.name.rpartition("/")
        cases.setdefault(folder, {})[name] = member
    classes = tuple(sorted(next(iter(cases.values()))))
    words = {_DIGITS.sub("", name) for name in classes}
    # names that differ in their numbers only are those of samples or slices
    is_named = 2 <= len(classes) <= _MOST_CLASSES and len(words) > len(classes) // 2
    same = all(tuple(sorted(case)) == classes for case in cases.values())
    alike = all(len({member.shape for member in case.values()}) == 1 for case in cases.values())
    return cases, classes if is_named and same and alike else ()


def _are_disjoint(cases: Mapping[str, Mapping[str, Member]], *, complete: bool) -> bool:
    """Return whether the files of the first case are masks that do not overlap.

    Args:
        cases: the files by case and class.
        complete: whether they must cover everything.
    """
    first = next(iter(cases.values()))
    covered = np.zeros(next(iter(first.values())).shape, np.bool_)
    for member in first.values():
        values = _read(member)
        mask = values > 0
        is_mask = not mask.any() or (values[mask] == values.max()).all()
        if not is_mask or (covered & mask).any() or values.min() < 0:
            return False
        covered |= mask
    return bool(covered.all() if complete else covered.any())


def _read(member: Member) -> StoredArray:
    return member.load().read((_WHOLE,) * len(member.shape))


def _join(
    series: FileSeries,
    cases: Mapping[str, Mapping[str, Member]],
    classes: tuple[str, ...],
    first: int,
) -> FileSeries:
    dtype: StoredDtype = np.dtype(np.uint8 if len(classes) < 256 else np.uint16)
    members = [
        ClassFilesMember(tuple(case[name] for name in classes), folder or "case", dtype, first)
        for folder, case in cases.items()
    ]
    return FileSeries(
        series.path, members, format_name=series.format, is_folder=True, is_joined=True
    )
