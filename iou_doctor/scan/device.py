"""Decide whether to count on a GPU, without importing TensorFlow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from iou_doctor.choices import Device
from iou_doctor.errors import UsageError

WORTH_A_GPU = 2**32
"""Values of the larger array from which `auto` uses a GPU.

Loading TensorFlow and compiling for 21 channels took about 20 seconds on two cores without a GPU.
Only arrays of many gigabytes make up for that.
"""
WORTH_COMPILING_A_GRAPH = 2**28
"""Values from which `auto` uses a GPU for predictions that are made on the device.

TensorFlow is loaded in any case then. Compiling took 3 to 7 seconds of processor time for 3 to 21
channels (measured without a GPU), and NumPy took 22 to 11 ns for each value. The two are equal
between 2**27 and 2**29 values.
"""
DRIVER = Path("/proc/driver/nvidia/version")
"""Exists if the NVIDIA driver is loaded."""
NODES = Path("/dev")
"""The folder with a device node for each GPU, `nvidia0` and so on."""
GPU_SIGNS = "/proc/driver/nvidia, /dev/nvidia0 to /dev/nvidia*, nvidia-smi and CUDA_VISIBLE_DEVICES"


def is_gpu_visible(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether there is an NVIDIA GPU that is not hidden. TensorFlow may still not see it."""
    hidden = environment.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in {"", "-1", "NoDevFiles"}:
        return False
    cards = any(node.name[6:].isdigit() for node in NODES.glob("nvidia[0-9]*"))
    # under WSL there are no device nodes, but nvidia-smi is installed
    return cards or DRIVER.exists() or shutil.which("nvidia-smi") is not None


def should_use_gpu(device: Device, values: int, *, on_device: bool = False) -> bool:
    """Return whether to count on a GPU.

    Args:
        device: the `--device` that the user asked for.
        values: the number of values of the larger array.
        on_device: whether the predictions are made on the device, so that TensorFlow is loaded
            in any case.

    Raises:
        UsageError: the device is `gpu`, and no GPU is visible.
    """
    if device == "cpu":
        return False
    if device == "auto":
        enough = WORTH_COMPILING_A_GRAPH if on_device else WORTH_A_GPU
        return values >= enough and is_gpu_visible()
    require_gpu(device)
    return True


def require_gpu(device: Device) -> None:
    """Check that there is a GPU if the user asked for one, before anything is loaded for it.

    Raises:
        UsageError: the device is `gpu`, and no GPU is visible.
    """
    if device == "gpu" and not is_gpu_visible():
        raise UsageError(
            f"--device gpu: no NVIDIA GPU is visible (looked for {GPU_SIGNS}); use --device cpu"
        )
