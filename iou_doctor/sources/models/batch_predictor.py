"""Run a model on the images of one batch, and check what comes back."""

from __future__ import annotations

import numpy as np

from iou_doctor.arrays.batch import StoredArray
from iou_doctor.arrays.model import ModelOptions
from iou_doctor.arrays.source import ArrayOrTensor, Source
from iou_doctor.sources.files.memory_limits import MOST_HELD_BYTES, check_held_bytes
from iou_doctor.sources.memory.array_or_tensor import (
    get_shape,
    is_tensorflow_tensor,
    slice_values,
)
from iou_doctor.sources.models.output_comparison import OutputComparison
from iou_doctor.sources.models.preprocessing import plan_preprocessing
from iou_doctor.sources.models.runner import Runner
from iou_doctor.sources.source_errors import source_error, translate_errors

MOST_IMAGES = 32
"""The maximum number of images of one batch, unless the model takes more."""
MOST_FILLED_BYTES = 1 << 26
"""The maximum number of bytes of a batch that is larger and mostly filled up: 64 MiB.

What a model computes for it takes far more, and only the model says how large it is.
"""


class BatchPredictor:
    """A model with its images, and with how they are prepared for it.

    Args:
        path: what to call the model.
        runner: the loaded model.
        images: the images, with the samples along their first axis.
        options: how to run the model.

    Raises:
        SourceError: the model does not take these images.
    """

    def __init__(self, path: str, runner: Runner, images: Source, options: ModelOptions) -> None:
        self.runner = runner
        self.preprocessing = plan_preprocessing(path, runner, images, options)
        self.fixed_batch_size = runner.input_shape[0] if runner.input_shape else None
        """The number of images that the model takes at once; `None` for any number."""
        self.comparison = OutputComparison()
        self._path, self._images, self._options = path, images, options

    def predict(self, start: int, stop: int) -> ArrayOrTensor:
        """Return the output for the images from `start` to `stop`, one entry for each image.

        Raises:
            SourceError: an image cannot be read, or the model fails on it.
        """
        images = self._images.read((slice(start, stop),))
        inputs = self.preprocessing.apply(images)
        batch = self._fill_batch(inputs)
        # a model may raise any error of its library
        with (
            self._options.supervise(self._path),
            translate_errors(self._path, Exception, why=self._describe_failure(batch)),
        ):
            output = self.runner.run(batch)
            output = output if is_tensorflow_tensor(output) else np.asarray(output)
        shape = get_shape(output)
        if not shape or shape[0] != len(batch):
            raise source_error(
                self._path,
                f"{len(batch)} images gave an output of shape {shape}; its first axis should"
                " count images",
            )
        output = slice_values(output, (slice(0, len(inputs)),))
        self.comparison.add(inputs, output)
        return self.preprocessing.restore_size(output, images.shape[1:])

    def _fill_batch(self, inputs: StoredArray) -> StoredArray:
        """Repeat the last image until there are as many as the model takes."""
        count = self.fixed_batch_size or len(inputs)
        missing = count - len(inputs)
        if missing <= 0:
            return inputs
        is_usual = count <= max(MOST_IMAGES, self._images.shape[0] or 0)
        check_held_bytes(
            self._path,
            count * inputs[0].nbytes,
            what=f"its fixed batch of {count:,} images",
            remedy="convert it again with a smaller batch",
            most=MOST_HELD_BYTES if is_usual else MOST_FILLED_BYTES,
        )
        repeated = np.broadcast_to(inputs[-1], (missing, *inputs.shape[1:]))
        return np.concatenate([inputs, repeated])

    def _describe_failure(self, batch: StoredArray) -> str:
        return (
            f"the {self.runner.kind} fails on images of shape {batch.shape} and dtype"
            f" {batch.dtype} from `{self._images.path}`; give images like those of training"
        )
