"""Recognise datasets whose elements are single samples, where batches are expected."""

from __future__ import annotations

from collections.abc import Iterator

MOST_ELONGATED = 16
"""The largest ratio of the sides of a picture. Batches of flattened pixels have a larger one."""
MAP_AXES = 2
"""The axes of one label map."""


def is_unbatched(batches: object) -> bool:
    """Return whether a `tf.data` dataset gives single label maps, and not batches of them.

    It says the sizes of its elements beforehand. A batch has at least three axes, unless its
    pixels are flattened.

    Args:
        batches: what was passed in place of batches.
    """
    shapes = list(_list_shapes(getattr(batches, "element_spec", None)))
    return any(_is_map(shape) for shape in shapes)


def _list_shapes(spec: object) -> Iterator[tuple[int | None, ...]]:
    if isinstance(spec, (tuple, list)):
        for part in spec:
            yield from _list_shapes(part)
        return
    shape = getattr(spec, "shape", None)
    if shape is not None and getattr(shape, "rank", None) is not None:
        yield tuple(shape)


def _is_map(shape: tuple[int | None, ...]) -> bool:
    """Return whether an element is (height, width) or (height, width, 1), of known sizes."""
    sides = shape[:MAP_AXES] if len(shape) == MAP_AXES + 1 and shape[-1] == 1 else shape
    if len(sides) != MAP_AXES:
        return False
    height, width = sides
    if height is None or width is None:
        return height is not None
    short, long = sorted((height, width))
    return short > 1 and long <= MOST_ELONGATED * short
