"""The model file would run code or touch files when it is loaded or called.

A SavedModel is a program: its operations can read and write files (`ReadFile`, `WriteFile`), access
the network or run Python (`PyFunc`). A Keras file can contain a Lambda layer, which is Python code,
or refer to functions of any module. Loading such a file runs code of its author.

Before loading anything, iou-doctor reads the file: the graph with all its functions, or the
configuration and the weights of Keras. It does not load a file that holds anything but parts on its
lists of harmless ones. As there is then nothing to score, the run ends with exit code 2 and names
the parts, as for any input that cannot be read. With `--trust-model` the file is loaded, and this
rule reports the parts as a note.

The lists are those of TensorFlow 2.21 and Keras 3.15. Newer operations and layers are refused, too.
Passing this check does not mean the model is safe: run models of unknown origin where they can do
no harm.
"""

from iou_doctor.checks.evidence import Evidence
from iou_doctor.checks.registry import Result
from iou_doctor.checks.wording import join_words
from iou_doctor.report.finding import Finding, Rule, Severity, Skipped, Suspicion

RULE = Rule(
    code="IOU804",
    name="unsafe-model-file",
    severity=Severity.ERROR,
    suspicion=Suspicion.DEFINITIONS,
    claim="the model file may run code or touch files",
)


def find(evidence: Evidence) -> Result:
    """Report the unsafe parts of a model that the user trusts. Others are not loaded at all."""
    if evidence.model is None:
        return Skipped("no model was given")
    unsafe = evidence.model.unsafe
    if not unsafe:
        return []
    return [
        Finding(
            RULE,
            message=f"the {evidence.model.kind} was loaded because of --trust-model, although"
            f" it holds {join_words(unsafe)}",
            help="replace these with operations or layers without side effects, and save the model"
            " again",
            facts={"parts": list(unsafe)},
            severity_override=Severity.NOTE,
        )
    ]
