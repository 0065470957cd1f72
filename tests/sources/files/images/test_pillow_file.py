"""The settings of Pillow that belong to the whole process."""

from __future__ import annotations

import warnings
from contextlib import ExitStack

from PIL import Image

from iou_doctor.sources.files.images.pillow_file import QUIET


def test_the_settings_come_back_when_the_last_thread_ends():
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    first, second = ExitStack(), ExitStack()
    for _ in range(2):
        first.enter_context(QUIET)
        second.enter_context(QUIET)
        first.close()
        assert Image.MAX_IMAGE_PIXELS is None  # the second one still reads
        second.close()
        assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before
    assert before[0] is not None
