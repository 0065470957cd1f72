"""The model file would run code or touch files when it is loaded or called.

A SavedModel is a program: its operations may read and write files (`ReadFile`, `WriteFile`), speak
to the network or run Python (`PyFunc`). A Keras file may hold a Lambda layer, which is Python code,
or name functions of any module. Whoever loads such a file runs what its author put in.

iou-doctor reads the graph, nested functions included, and the configuration of Keras files before
anything is loaded. A file with such parts is not loaded: there is nothing to score, so the run ends
with exit code 2 and names the parts, as for any input that cannot be read. With `--trust-model` the
file is loaded, and this rule reports the parts as a note.

The list of operations is that of TensorFlow 2.21. A file without them is not proven safe: run
models of strangers where they can do no harm.
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
    """Report what the user trusts; what he does not was refused before."""
    if evidence.model is None:
        return Skipped("no model was given")
    unsafe = evidence.model.unsafe
    if not unsafe:
        return []
    return [
        Finding(
            RULE,
            message=f"the {evidence.model.kind} was trusted (--trust-model) with"
            f" {join_words(unsafe)}",
            help="replace these by operations or layers without side effects, and save it again",
            facts={"parts": list(unsafe)},
            severity_override=Severity.NOTE,
        )
    ]
