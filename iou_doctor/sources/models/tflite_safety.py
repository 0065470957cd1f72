"""Finds operations in a TFLite model that are not those of TFLite itself."""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema

HARMLESS_CUSTOM_OPERATIONS = {
    *("TFLite_Detection_PostProcess", "NumericVerify", "Mfcc", "AudioSpectrogram"),
}
"""Custom operations that are built into LiteRT, and only compute."""
FOREIGN_CODES = {
    schema.BuiltinOperator.CUSTOM,
    schema.BuiltinOperator.DELEGATE,
    schema.BuiltinOperator.STABLEHLO_CUSTOM_CALL,
}
"""The codes of operations that stand for code outside the model."""
KNOWN_CODES = {
    code
    for name, code in vars(schema.BuiltinOperator).items()
    if isinstance(code, int) and not name.startswith("_")
} - FOREIGN_CODES
"""The codes of the operations of TFLite. None of them has an effect outside the model."""


def list_unsafe_parts(data: bytes) -> tuple[str, ...]:
    """Return the operations that TFLite does not define, and weights in other files.

    Args:
        data: the bytes of the file.

    Raises:
        ValueError: it is not a TFLite model.
    """
    if not schema.Model.ModelBufferHasIdentifier(data, 0):
        raise ValueError("it does not begin like one")
    model = schema.Model.GetRootAsModel(data, 0)
    found = set()
    for number in range(model.OperatorCodesLength()):
        operation = model.OperatorCodes(number)
        # old files have only the first of the two
        code = max(operation.DeprecatedBuiltinCode(), operation.BuiltinCode())
        name = (operation.CustomCode() or b"").decode("utf-8", "replace")
        is_custom = code == schema.BuiltinOperator.CUSTOM
        if is_custom and name not in HARMLESS_CUSTOM_OPERATIONS:
            found.add(f"the custom operation {name}")
        elif not is_custom and code not in KNOWN_CODES:
            found.add(f"the unknown operation {code}")
    if model.ExternalBufferGroupsLength():
        found.add("weights in other files")
    return tuple(sorted(found))
