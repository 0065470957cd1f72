"""A folder of images, or one image, as a source: each image is an entry of the first axis."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.sources.files.file_status import file_head
from iou_doctor.sources.files.formats import IMAGE_SUFFIXES
from iou_doctor.sources.files.image import ImageHeader, decode, read_header
from iou_doctor.sources.numbers import lengths, spans
from iou_doctor.sources.refusals import refusal, refusing

_SUFFIX_WORDS = "save the images as .png, .tif, .bmp or .jpg files in one folder"

_BOOL, _UINT8, _UINT16 = np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.uint16)
# a mask that happens to have two ids, or none above 255, may be saved in a smaller type
_WIDER: dict[frozenset[np.dtype[Any]], np.dtype[Any]] = {
    frozenset({_BOOL, _UINT8}): _UINT8,
    frozenset({_UINT8, _UINT16}): _UINT16,
}


class ImageSource:
    """Images in the order given, decoded one at a time."""

    format = "images"
    is_sequential = False

    def __init__(self, path: str, images: Sequence[ImageHeader], *, is_folder: bool) -> None:
        self.path = path
        self.is_folder = is_folder
        self.dtype = _common_dtype(path, images)
        self.shape: tuple[int | None, ...] = (len(images), *_common_shape(images))
        self.chunk_shape = (1,) * len(self.shape)
        self.names = tuple(image.stem for image in images)
        self._images = tuple(images)
        self._last: tuple[int, NDArray[Any]] | None = None

    def get_sample_shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of one image, from its header."""
        return self._images[index].shape

    def selected(self, indices: Iterable[int]) -> ImageSource:
        """Return a source of some of the images, in the order of `indices`."""
        images = [self._images[index] for index in indices]
        return ImageSource(self.path, images, is_folder=self.is_folder)

    def read(self, window: tuple[slice, ...]) -> NDArray[Any]:
        """Return the values in `window`, which lies in one image where they differ in size.

        Raises:
            SourceError: an image is damaged or cut off, or changed since the folder was opened.
        """
        start, stop, _ = (window or (slice(None),))[0].indices(len(self._images))
        numbers = range(start, stop)
        shapes = {self._images[number].shape for number in numbers}
        if len(shapes) > 1:
            raise ValueError("a window lies within one image where images differ in size")
        shape = shapes.pop() if shapes else tuple(length or 0 for length in self.shape[1:])
        parts = spans(window[1:], shape)
        if len(numbers) == 1:
            return self._decoded(start)[parts].astype(self.dtype, copy=False)[np.newaxis]
        # filled one by one: a stack of views would keep every decoded image
        out = np.empty((len(numbers), *lengths(parts)), self.dtype)
        for place, number in enumerate(numbers):
            out[place] = self._decoded(number)[parts]
        return out

    def _decoded(self, number: int) -> NDArray[Any]:
        """Return one image; the last is kept, so that its windows decode it once.

        Several threads may ask: each works on what it found or decoded itself.
        """
        last = self._last
        if last is None or last[0] != number:
            last = self._last = None  # before the next one is decoded: never two for one thread
            last = self._last = (number, decode(self._images[number]))
        return last[1]


def open_image(path: str, name: str | None = None) -> ImageSource:
    """Return one image file as a source of one entry.

    Raises:
        SourceError: it is no image, or one that cannot be a mask or a prediction.
    """
    file_head(path)
    if name is not None:
        raise refusal(path, f"an image has no arrays with names; drop `::{name}`")
    return ImageSource(path, [read_header(path)], is_folder=False)


def open_folder(path: str, name: str | None = None) -> ImageSource:
    """Return the images in a folder, sorted by stem.

    Raises:
        SourceError: there are none, one is damaged, or they do not go together.
    """
    if name is not None:
        raise refusal(path, f"a folder has no arrays with names; drop `::{name}`")
    return ImageSource(path, [read_header(file) for file in _files(path)], is_folder=True)


def _files(path: str) -> list[str]:
    with refusing(path, OSError, why="check that you may read the folder"):
        with os.scandir(path) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
        folders = sorted(entry.name for entry in entries if entry.is_dir())
        names = [entry.name for entry in entries if entry.is_file()]
    by_stem: dict[str, str] = {}
    for name in sorted(name for name in names if name.lower().endswith(IMAGE_SUFFIXES)):
        stem = os.path.splitext(name)[0]  # noqa: PTH122 - no Path for each of 100,000 names
        if stem in by_stem:
            raise refusal(
                path, f"`{by_stem[stem]}` and `{name}` have the same name; keep one of them"
            )
        by_stem[stem] = name
    if not by_stem:
        hint = f"; if they are in `{folders[0]}`, give that folder" if folders else ""
        raise refusal(path, f"the folder has no images; {_SUFFIX_WORDS}{hint}")
    return [os.path.join(path, by_stem[stem]) for stem in sorted(by_stem)]  # noqa: PTH118


def _common_shape(images: Sequence[ImageHeader]) -> tuple[int | None, ...]:
    axes = zip(*(image.shape for image in images), strict=True)
    return tuple(axis[0] if len(set(axis)) == 1 else None for axis in axes)


def _common_dtype(path: str, images: Sequence[ImageHeader]) -> np.dtype[Any]:
    first = images[0]
    seen = {first.dtype}
    for image in images:
        seen.add(image.dtype)
        fits = len(seen) == 1 or frozenset(seen) in _WIDER
        if not fits or first.shape[2:] != image.shape[2:]:
            raise refusal(
                path,
                f"its images differ in kind: `{first.file}` is {first.mode} and `{image.file}` is "
                f"{image.mode}; save them all in one mode",
            )
    return _WIDER.get(frozenset(seen), first.dtype)
