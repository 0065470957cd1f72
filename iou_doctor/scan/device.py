"""Which device counts: whether a GPU is there and pays, found out without importing TensorFlow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from iou_doctor.choices import Device
from iou_doctor.errors import UsageError

WORTH_A_GPU = 2**32
"""Values of the larger array from which on `auto` takes a GPU. Loading TensorFlow and compiling
for 21 channels took some twenty seconds where this was measured (two cores, no GPU): a start that
only arrays of many gigabytes make up for."""
WORTH_COMPILING = 2**28
"""The same of predictions that are born there, where TensorFlow is loaded in any case. Compiling
took 3 to 7 seconds of processor time for 3 to 21 channels where this was measured (no GPU), and
NumPy 22 to 11 ns a value: they are even between 2**27 and 2**29 values."""
DRIVER = Path("/proc/driver/nvidia/version")
NODES = Path("/dev")
GPU_SIGNS = "/proc/driver/nvidia, /dev/nvidia0 to /dev/nvidia*, nvidia-smi and CUDA_VISIBLE_DEVICES"


def is_gpu_visible(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a driver and a card are there and not hidden; says nothing of TensorFlow."""
    hidden = environment.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in {"", "-1", "NoDevFiles"}:
        return False
    cards = any(node.name[6:].isdigit() for node in NODES.glob("nvidia[0-9]*"))
    # under WSL there are no nodes, but the driver's tool is
    return cards or DRIVER.exists() or shutil.which("nvidia-smi") is not None


def should_use_gpu(device: Device, values: int, *, on_device: bool = False) -> bool:
    """Return whether to count on a GPU.

    Args:
        device: what the user asked for.
        values: values of the larger array.
        on_device: whether the predictions are made on the device, so that TensorFlow is loaded
            in any case.

    Raises:
        UsageError: `gpu` is asked for, and none is there.
    """
    if device == "cpu":
        return False
    if device == "auto":
        return values >= (WORTH_COMPILING if on_device else WORTH_A_GPU) and is_gpu_visible()
    require_gpu(device)
    return True


def require_gpu(device: Device) -> None:
    """Refuse `gpu` where none is there, before anything is loaded for it.

    Raises:
        UsageError: `gpu` is asked for, and none is there.
    """
    if device == "gpu" and not is_gpu_visible():
        raise UsageError(
            f"--device gpu: no NVIDIA GPU is visible (looked for {GPU_SIGNS}); use --device cpu"
        )
