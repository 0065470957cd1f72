"""Columns of integers in few bytes, and the arrays of a part by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iou_doctor.counts.integer_storage import DTYPES, choose_dtype
from iou_doctor.parts.plain import NotPlainError

Bytes = NDArray[np.uint8]


class Columns:
    """Columns by name, in bytes: the first bytes of all values, then the second ones, and so on.

    The high bytes of small numbers are 0, so that deflate leaves little of them.
    """

    def __init__(self, stored: Mapping[str, Bytes] | None = None, *, samples: int = 0) -> None:
        """Take what is kept already.

        Args:
            stored: the columns.
            samples: the number of all samples, of which the columns may say something.
        """
        self.stored: dict[str, Bytes] = dict(stored or {})
        self.samples = samples
        self._prefix = ""

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """Add a name and a slash to the names of all columns inside the block."""
        before = self._prefix
        self._prefix = f"{before}{name}/"
        try:
            yield
        finally:
            self._prefix = before

    def put(self, name: str, values: NDArray[Any]) -> None:
        """Keep integers of any shape, in the narrowest dtype that holds them."""
        flat = np.ascontiguousarray(values).reshape(-1)
        low, high = (int(flat.min()), int(flat.max())) if flat.size else (0, 0)
        narrow = flat.astype(choose_dtype(low, high), copy=False)
        planes = narrow.view(np.uint8).reshape(-1, narrow.itemsize)
        self.stored[self._prefix + name] = np.ascontiguousarray(planes.T)

    def take(self, name: str, shape: tuple[int, ...] | None = None) -> NDArray[np.int64]:
        """Return the integers with this name, as int64, in one axis or in this shape.

        Raises:
            NotPlainError: there are none, or not as many.
        """
        return self.take_narrow(name, shape).astype(np.int64)

    def take_narrow(self, name: str, shape: tuple[int, ...] | None = None) -> NDArray[np.integer]:
        """Return the integers with this name in the dtype that they are kept in; as `take`."""
        planes = self.stored.get(self._prefix + name)
        known = {dtype.itemsize: dtype for dtype in DTYPES}
        if planes is None or planes.ndim != 2 or len(planes) not in known:
            raise NotPlainError(f"it lacks the column {self._prefix}{name}")
        dtype = known[len(planes)]
        values = np.ascontiguousarray(planes.T).view(dtype).reshape(-1)
        if shape is None:
            return values
        if values.size != int(np.prod(shape, dtype=object)):
            raise NotPlainError(f"the column {self._prefix}{name} is cut off")
        return values.reshape(shape)

    def take_samples(self, name: str, shape: tuple[int, ...] | None = None) -> NDArray[np.int64]:
        """Return the numbers of samples with this name, as `take`.

        Raises:
            NotPlainError: as `take`, or there are no such samples.
        """
        return self.check_samples(self.take(name, shape))

    def check_samples(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return numbers of samples.

        Raises:
            NotPlainError: there are no such samples.
        """
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.samples:
            raise NotPlainError(f"it has samples that are not among {self.samples:,}")
        return numbers

    def put_text(self, name: str, text: str) -> None:
        """Keep a text."""
        self.stored[self._prefix + name] = np.frombuffer(text.encode("ascii"), np.uint8)[np.newaxis]

    def take_text(self, name: str) -> str:
        """Return the text with this name.

        Raises:
            NotPlainError: there is none.
        """
        found = self.stored.get(self._prefix + name)
        if found is None:
            raise NotPlainError(f"it lacks the text {self._prefix}{name}")
        try:
            return found.tobytes().decode("ascii")
        except UnicodeDecodeError as error:
            raise NotPlainError(f"the text {self._prefix}{name} is damaged") from error
