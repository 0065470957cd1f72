"""The words that options take, on the command line and in a configuration file.

Apart from the classes that use them: `--help` needs the words, and nothing that costs time.
"""

from typing import Literal

EncodingName = Literal["labels", "one-hot", "probabilities", "logits", "sigmoid", "binary-logits"]
AnyEncodingName = Literal[
    "labels", "one-hot", "probabilities", "logits", "sigmoid", "binary-logits", "colour"
]
FailOn = Literal["error", "warning", "note", "never"]
Device = Literal["auto", "cpu", "gpu"]
