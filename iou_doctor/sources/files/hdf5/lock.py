"""The lock of h5py, the only private name of that library that iou-doctor uses.

HDF5 is not thread-safe, so h5py takes a global lock around each of its calls. Only
`h5py.h5d.DatasetID.read_direct_chunk` does not (h5py 3.14), so its callers have to, and h5py has no
public name for the lock. Without the lock, HDF5 decompresses the chunks itself, which is slower.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

HDF5_LOCK: AbstractContextManager[object] | None
try:
    from h5py._objects import phil
except ImportError:  # a future h5py may rename it
    HDF5_LOCK = None
else:
    HDF5_LOCK = phil
