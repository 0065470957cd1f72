"""The faults: each is one change to a file of `iou_doctor/checks`, which some test must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One fault in one rule."""

    kind: str
    """What it breaks: a message, a help, a limit or a guard."""
    rule: str
    """Family and module of the rule whose tests run, for instance `masks/masks_0_255`."""
    old: str
    """The text to replace, which occurs once in the file."""
    new: str
    file: str = ""
    """Family and module of the file, if it is not that of the rule."""

    @property
    def path(self) -> str:
        return f"iou_doctor/checks/{self.file or self.rule}.py"


MUTANTS = (
    # messages
    Mutant(
        "message",
        "shapes/resolution_mismatch",
        '{small // large} times larger"',
        '{large // small} times larger"',
    ),
    Mutant(
        "message",
        "shapes/sample_count_mismatch",
        "{format_count(len(pred), 'prediction')} without a mask",
        "{format_count(len(true), 'prediction')} without a mask",
    ),
    Mutant(
        "message",
        "data/class_imbalance",
        "{'s' if len(rare) == 1 else ''}",
        "{'' if len(rare) == 1 else 's'}",
    ),
    Mutant(
        "message",
        "data/never_predicted_class",
        "if len(never) == 1 else",
        "if len(never) >= 1 else",
    ),
    Mutant(
        "message",
        "labels/undeclared_void_label",
        '"means void" if len(void) == 1 else "mean void"',
        '"mean void" if len(void) == 1 else "means void"',
    ),
    Mutant(
        "message",
        "alignment/shifted_predictions",
        "'right' if right > 0 else 'left'",
        "'left' if right > 0 else 'right'",
    ),
    Mutant(
        "message",
        "alignment/duplicated_samples",
        'f"the last {count}"',
        'f"the first {count}"',
    ),
    Mutant(
        "message",
        "scoring/dropped_pixels",
        "would be {ours:.4f} and not {value:.4f}",
        "would be {value:.4f} and not {ours:.4f}",
    ),
    Mutant(
        "message",
        "models/model_without_activation",
        'f"in {last} without activation: logits" if last else "in logits"',
        'f"in {last} with activation: logits" if last else "in logits"',
    ),
    # help
    Mutant("help", "masks/masks_0_255", "'masks = (masks > 127)", "'masks = (masks > 255)"),
    Mutant("help", "masks/soft_masks", "'masks = (masks > 0.5)", "'masks = (masks < 0.5)"),
    Mutant("help", "masks/non_finite_masks", "~np.isfinite(masks)", "np.isnan(masks)"),
    Mutant("help", "masks/non_finite_masks", 'dtype.kind in "iu"', 'dtype.kind in "i"'),
    Mutant(
        "help",
        "shapes/reshaped_not_transposed",
        "first = int(axes.has_sample_axis)",
        "first = 1",
    ),
    Mutant("help", "shapes/extra_axis", "({name}, axis={axis})", "({name}, axis={axis - 1})"),
    Mutant(
        "help",
        "shapes/channels_first",
        "return len(axes.shape) - 1 if metric.takes else -1",
        "return len(axes.shape) - 2 if metric.takes else -1",
    ),
    Mutant(
        "help",
        "labels/label_out_of_range",
        "return largest + 1 if goes_on",
        "return largest if goes_on",
    ),
    Mutant(
        "help",
        "labels/undeclared_void_label",
        'f"ignore_index={label} in the metric"',
        'f"ignore_class={label} in the metric"',
    ),
    Mutant(
        "help",
        "alignment/_turned_samples",
        'axes=({axes[-2]}, {axes[-1]})"',
        'axes=({axes[-1]}, {axes[-2]})"',
    ),
    Mutant(
        "help",
        "predictions/threshold_off",
        "if metric.threshold is None",
        "if metric.threshold is not None",
    ),
    Mutant(
        "help",
        "predictions/argmax_over_wrong_axis",
        "scores.argmax(axis={class_axis})",
        "scores.argmax(axis={axis})",
    ),
    Mutant(
        "help",
        "models/model_output_mismatch",
        "if name != model.output_name",
        "if name == model.output_name",
    ),
    Mutant(
        "help",
        "scoring/counter_overflow",
        '"call `update_state` batch by batch',
        '"call `reset_state` batch by batch',
    ),
    # limits
    Mutant("limit", "data/class_imbalance", "DOMINANT_SHARE = 0.95", "DOMINANT_SHARE = 0.96"),
    Mutant("limit", "data/class_imbalance", "RARE_SHARE = 0.001", "RARE_SHARE = 0.0011"),
    Mutant("limit", "masks/soft_masks", "LEAST_STEP = 0.1", "LEAST_STEP = 0.11"),
    Mutant("limit", "predictions/double_activation", "BOUND_REACH = 0.02", "BOUND_REACH = 0.022"),
    Mutant("limit", "predictions/threshold_off", "FEWEST_PIXELS = 1000", "FEWEST_PIXELS = 1001"),
    Mutant("limit", "predictions/relu_before_sigmoid", "_SHARE = 0.2", "_SHARE = 0.35"),
    Mutant("help", "predictions/byte_scores", "{full // 2}", "{full // 4}"),
    Mutant("limit", "labels/inverted_masks", "LEAST_INVERTED = 0.6", "LEAST_INVERTED = 0.61"),
    Mutant("limit", "alignment/shared_padding", "LEAST_AREA = 0.05", "LEAST_AREA = 0.055"),
    Mutant("limit", "alignment/shifted_predictions", "_GAIN = 0.03", "_GAIN = 0.033"),
    Mutant("limit", "scoring/averaging_gap", "LEAST_GAP = 0.02", "LEAST_GAP = 0.021"),
    Mutant("limit", "shapes/_masks_as_scores", "LEAST_FRACTIONAL = 0.5", "LEAST_FRACTIONAL = 0.52"),
    Mutant(
        "limit",
        "alignment/misplaced_tiles",
        "LEAST_SEAM = 0.1",
        "LEAST_SEAM = 0.11",
        file="alignment/_tiles",
    ),
    Mutant(
        "limit",
        "alignment/shuffled_samples",
        "HIGHEST_MEAN_IOU = 0.2",
        "HIGHEST_MEAN_IOU = 0.22",
        file="alignment/_matched_ids",
    ),
    # guards
    Mutant(
        "guard",
        "masks/masks_0_255",
        "2 * hits > predicted and is_found",
        "is_found",
    ),
    Mutant(
        "guard",
        "scoring/mostly_ignored",
        ' or evidence.has_found("ignored-class-in-range")',
        "",
    ),
    Mutant(
        "limit",
        "scoring/mostly_ignored",
        "pixels.ignored >= LARGEST_SCORED_SHARE",
        "pixels.ignored > LARGEST_SCORED_SHARE",
    ),
    Mutant(
        "guard",
        "data/collapsed_predictions",
        " or predicted[0].predicted_pixels != counted",
        "",
    ),
    Mutant(
        "guard",
        "labels/label_out_of_range",
        "has_binary_0_255(evidence) or evidence.has_found(*VALUE_RULES)",
        "has_binary_0_255(evidence)",
    ),
    Mutant("guard", "predictions/single_channel_softmax", "values.non_finite or ", ""),
    Mutant("guard", "models/constant_output", " or not _has_different_masks(evidence)", ""),
    Mutant("guard", "models/model_output_mismatch", " or layout.mismatched", ""),
    Mutant("guard", "scoring/averaging_gap", "if size < samples", "if size <= samples"),
    Mutant(
        "guard",
        "scoring/unlabelled_class_predicted",
        "entry.iou is not None and (wanted is None or entry.id in wanted)",
        "entry.iou is not None",
    ),
    Mutant(
        "guard",
        "alignment/shared_padding",
        "    if evidence.has_found(*RULES_BEFORE_PADDING):\n"
        '        return Skipped("another misalignment was found first")\n',
        "",
    ),
    Mutant(
        "guard",
        "predictions/channels_not_normalised",
        "values.sum_off - values.all_zero - values.non_finite",
        "values.sum_off - values.non_finite",
    ),
    Mutant(
        "guard",
        "labels/objects_as_channels",
        " or not _do_objects_fit(evidence, repair)",
        "",
    ),
    Mutant(
        "limit",
        "labels/objects_as_channels",
        "2 * both > max(true, predicted)",
        "5 * both > max(true, predicted)",
    ),
    Mutant(
        "message",
        "labels/recoded_class_ids",
        'join_words(f"{old} to {new}"',
        'join_words(f"{new} to {old}"',
    ),
    Mutant(
        "limit",
        "labels/recoded_class_ids",
        "FEWEST_ON_A_LINE = 3",
        "FEWEST_ON_A_LINE = 6",
        file="labels/_recoding",
    ),
    Mutant(
        "guard",
        "labels/recoded_class_ids",
        " or old in VOID_CODES",
        "",
        file="labels/_recoding",
    ),
    Mutant(
        "guard",
        "labels/recoded_class_ids",
        "return is_without_gap and old > names[-1]",
        "return old > names[-1]",
        file="labels/_recoding",
    ),
    Mutant(
        "guard",
        "labels/recoded_class_ids",
        "if is_binary and _are_parts_of_the_object(overlaps, table)",
        "if is_binary",
        file="labels/_merging",
    ),
)
