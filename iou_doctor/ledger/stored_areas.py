"""The areas of images in a JSON report, so that another run can be compared image by image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.ledger.draws import draw_integers
from iou_doctor.ledger.image_areas import MOST_GROUPS, ImageAreas, add_groups
from iou_doctor.record import record

Document = dict[str, Any]
"""As `json.loads` returns it."""

MOST_NUMBERS = 40_000
"""Groups times classes that a report holds at most, which is about 400 kB. More images or classes
are put into fewer groups."""
LEAST_GROUPS = 64
"""The number of groups that many classes leave at least."""
_MOST_PIXELS = 1 << 53
"""More pixels of a class than a float can count do not exist."""
MOST_CLASSES = 4096
"""More classes than any data set has are not stored."""


@record(eq=False)
class StoredAreas:
    """The areas of one report, without those of the masks, of which only a digest is kept."""

    areas: NDArray[np.int64]
    """The pixels of union and intersection, shape (2, groups, classes)."""
    images: int
    class_images: NDArray[np.int64]
    """The number of images that have each class, shape (classes,)."""
    truth: str
    """The digest of the areas in the masks: it is equal for the same masks in the same order."""
    names: tuple[str, ...] = ()
    """The names of the images; none if they have none, or if a group holds several."""
    truths: tuple[str, ...] = ()
    """The digest of the areas in the mask of each image, if the images have names."""

    def restore(self) -> ImageAreas:
        """Return the areas, with zeros for those in the masks."""
        masks = np.zeros_like(self.areas[:1])
        return ImageAreas(np.concatenate([self.areas, masks]), self.images, self.class_images)

    def pair_with(self, other: ImageAreas) -> tuple[ImageAreas, ImageAreas] | None:
        """Return these areas and others in the same groups; `None` for other masks.

        Args:
            other: the areas of another run.
        """
        _, groups, classes = self.areas.shape
        if other.areas.shape[2] != classes or other.groups < groups:
            return None
        shrunk = regroup(other, groups)
        return (self.restore(), shrunk) if digest_truth(shrunk) == self.truth else None

    def pair_with_stored(self, other: StoredAreas) -> tuple[ImageAreas, ImageAreas] | None:
        """Return both areas; `None` if they are of other masks."""
        are_alike = self.areas.shape == other.areas.shape and self.truth == other.truth
        return (self.restore(), other.restore()) if are_alike else None


def shrink(areas: ImageAreas) -> ImageAreas | None:
    """Return areas in as many groups as a report holds; `None` if it holds none."""
    classes = areas.areas.shape[2]
    if areas.images < 2 or classes > MOST_CLASSES:
        return None
    return regroup(areas, min(areas.groups, _limit_groups(classes)))


def _limit_groups(classes: int) -> int:
    """Return the maximum number of groups that a report holds."""
    return max(LEAST_GROUPS, MOST_NUMBERS // classes)


def regroup(areas: ImageAreas, groups: int) -> ImageAreas:
    """Return areas in fewer groups, which are drawn at random and the same ones every time."""
    if groups == areas.groups:
        return areas
    grouped = np.zeros((3, groups, areas.areas.shape[2]), dtype=np.int64)
    add_groups(grouped, draw_integers(areas.groups, groups), areas.areas)
    return ImageAreas(grouped, areas.images, areas.class_images)


def encode(areas: ImageAreas, names: Sequence[str] = ()) -> Document | None:
    """Return areas as a JSON object, with a line for each class; `None` if a report holds none.

    Args:
        areas: of each image or group of images.
        names: the name of each image; none if they have no names.
    """
    shrunk = shrink(areas)
    if shrunk is None:
        return None
    are_single = areas.is_ungrouped and shrunk.groups == areas.groups <= len(names)
    union, intersection, _ = shrunk.areas
    return {
        "images": areas.images,
        "groups": shrunk.groups,
        "num_classes": union.shape[1],
        "truth": digest_truth(shrunk),
        "samples": [
            {"name": names[sample], "truth": _digest(shrunk.areas[2, sample])}
            for sample in range(shrunk.groups if are_single else 0)
        ],
        "classes": [
            {
                "id": class_id,
                "images": int(areas.class_images[class_id]),
                "union": _write_numbers(union[:, class_id]),
                "intersection": _write_numbers(intersection[:, class_id]),
            }
            for class_id in np.flatnonzero(union.any(axis=0)).tolist()
        ],
    }


def decode(document: Document | None) -> StoredAreas | None:
    """Return what `encode` returned; `None` for `None`.

    Raises:
        KeyError, TypeError, ValueError, IndexError, OverflowError: it is no such object.
    """
    if document is None:
        return None
    groups, classes = int(document["groups"]), int(document["num_classes"])
    if not (0 < classes <= MOST_CLASSES and 0 < groups <= min(MOST_GROUPS, _limit_groups(classes))):
        raise ValueError("no areas of a report")
    areas = np.zeros((2, groups, classes), dtype=np.int64)
    class_images = np.zeros(classes, dtype=np.int64)
    for entry in document["classes"]:
        class_id = range(classes)[int(entry["id"])]
        class_images[class_id] = int(entry["images"])
        areas[0, :, class_id] = _read_numbers(entry["union"], groups)
        areas[1, :, class_id] = _read_numbers(entry["intersection"], groups)
    union, intersection = areas
    if not (intersection >= 0).all() or not (intersection <= union).all():
        raise ValueError("an intersection is no part of its union")
    if union.sum(axis=0, dtype=np.float64).max() > _MOST_PIXELS:
        raise ValueError("no number of pixels")
    samples = document.get("samples", ())
    if samples and len(samples) != groups:
        raise ValueError("not one name for each image")
    return StoredAreas(
        areas,
        int(document["images"]),
        class_images,
        str(document["truth"]),
        names=tuple(str(one["name"]) for one in samples),
        truths=tuple(str(one["truth"]) for one in samples),
    )


def digest_truth(areas: ImageAreas) -> str:
    """Return a digest of the areas in the masks, which other masks or another order change."""
    return _digest(areas.areas[2])


def _digest(numbers: NDArray[np.int64]) -> str:
    from hashlib import sha256

    return sha256(numbers.astype("<i8").tobytes()).hexdigest()[:16]


def _write_numbers(numbers: NDArray[np.int64]) -> str:
    return " ".join(map(str, numbers.tolist()))


def _read_numbers(text: str, count: int) -> NDArray[np.int64]:
    return np.array(text.split(" "), dtype=np.int64).reshape(count)
