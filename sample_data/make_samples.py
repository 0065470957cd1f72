"""Make the sample data: small street scenes, and the predictions of a simulated network.

Run `python sample_data/make_samples.py`. It needs NumPy only. For each case it writes a folder with
`preds.npy` and `masks.npy` beside itself, and prints the true mean IoU. Every run writes the same
files.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SEED = 20240
IMAGES, HEIGHT, WIDTH = 8, 64, 96
BACKGROUND, CAR, PERSON, BICYCLE = 0, 1, 2, 3
HORIZON = 24

Pair = tuple[np.ndarray, np.ndarray]
Point = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """Something that stands in the street.

    Attributes:
        label: Its class.
        x: Where its middle is, in pixels from the left.
        foot: Where it touches the ground, in pixels from the top.
        size: How tall it is, in pixels.
        facing: 1 if it looks to the right, -1 if to the left.
    """

    label: int
    x: float
    foot: float
    size: float
    facing: int


# --- Shapes: u runs from the middle to where the thing looks, v from the ground up.
# Both are 1 for a length of the thing's height.


def ellipse(u: np.ndarray, v: np.ndarray, middle: Point, radii: Point) -> np.ndarray:
    """Says which pixels lie in an ellipse."""
    return ((u - middle[0]) / radii[0]) ** 2 + ((v - middle[1]) / radii[1]) ** 2 <= 1


def box(u: np.ndarray, v: np.ndarray, middle: Point, radii: Point) -> np.ndarray:
    """Says which pixels lie in a box with rounded corners."""
    return ((u - middle[0]) / radii[0]) ** 6 + ((v - middle[1]) / radii[1]) ** 6 <= 1


def bar(u: np.ndarray, v: np.ndarray, start: Point, end: Point, radius: float) -> np.ndarray:
    """Says which pixels lie within `radius` of a line."""
    du, dv = end[0] - start[0], end[1] - start[1]
    along = np.clip(((u - start[0]) * du + (v - start[1]) * dv) / (du**2 + dv**2), 0, 1)
    return np.hypot(u - start[0] - along * du, v - start[1] - along * dv) <= radius


def car(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Outline a body, a cabin towards the back and two wheels."""
    body = box(u, v, (0, 0.40), (1.25, 0.27)) | box(u, v, (-0.25, 0.70), (0.72, 0.31))
    wheels = [ellipse(u, v, (middle, 0.2), (0.22, 0.21)) for middle in (-0.75, 0.8)]
    return body | wheels[0] | wheels[1]


def person(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Outline a head, a trunk, two legs and an arm held forwards."""
    figure = ellipse(u, v, (0.02, 0.89), (0.09, 0.11)) | box(u, v, (0, 0.60), (0.14, 0.21))
    figure |= bar(u, v, (-0.05, 0.42), (-0.12, 0.03), 0.07)
    figure |= bar(u, v, (0.05, 0.42), (0.14, 0.03), 0.07)
    return figure | bar(u, v, (0.1, 0.72), (0.25, 0.48), 0.05)


def bicycle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Two wheels and a frame with a handlebar."""
    wheels = ellipse(u, v, (-0.6, 0.37), (0.38, 0.37)) | ellipse(u, v, (0.6, 0.37), (0.38, 0.37))
    frame = bar(u, v, (-0.6, 0.37), (-0.1, 0.75), 0.1) | bar(u, v, (-0.1, 0.75), (0.45, 0.75), 0.1)
    return wheels | frame | bar(u, v, (0.6, 0.37), (0.4, 0.95), 0.1)


SHAPES = {CAR: car, PERSON: person, BICYCLE: bicycle}
SCALES = {CAR: 1.0, PERSON: 1.35, BICYCLE: 0.85}


# --- Scenes


def render(things: list[Thing]) -> np.ndarray:
    """Paints things, the farthest first, into a map of labels."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for thing in sorted(things, key=lambda thing: thing.foot):
        u = (columns - thing.x) * thing.facing / thing.size
        v = (thing.foot - rows) / thing.size
        labels[SHAPES[thing.label](u, v)] = thing.label
    return labels


def place(rng: np.random.Generator, label: int, x: float) -> Thing:
    """Put a thing on the ground at `x`; the nearer to the camera, the taller."""
    foot = rng.uniform(HORIZON + 8, HEIGHT - 3)
    size = SCALES[label] * (4 + 0.45 * (foot - HORIZON)) * rng.uniform(0.85, 1.15)
    return Thing(label, x, foot, size, int(rng.choice([-1, 1])))


def street(rng: np.random.Generator, counts: dict[int, int]) -> list[Thing]:
    """Make a scene with up to `counts[label]` things of each class, and at least one."""
    labels = [label for label, most in counts.items() for _ in range(rng.integers(1, most + 1))]
    slot = WIDTH / len(labels)
    middles = slot * (np.arange(len(labels)) + rng.uniform(0.1, 0.9, len(labels)))
    return [place(rng, label, x) for label, x in zip(rng.permutation(labels), middles, strict=True)]


# --- The simulated network


def misjudge(rng: np.random.Generator, things: list[Thing], labels: list[int]) -> list[Thing]:
    """Move and resize things a little, miss some small ones, and perhaps add one too many."""
    seen = [
        replace(
            thing,
            x=thing.x + rng.normal(0, 0.5),
            foot=thing.foot + rng.normal(0, 0.4),
            size=thing.size * rng.uniform(0.93, 1.09),
        )
        for thing in things
        if thing.size > 12 or rng.random() > 0.3
    ]
    if rng.random() < 0.4:
        ghost = place(rng, int(rng.choice(labels)), rng.uniform(5, WIDTH - 5))
        seen.append(replace(ghost, size=rng.uniform(6, 9)))
    return seen


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Smooths the first two axes with a Gaussian."""
    reach = int(3 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pads = [(reach, reach) if each == axis else (0, 0) for each in range(image.ndim)]
        padded = np.pad(image, pads, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=axis)
        image = (windows * kernel).sum(axis=-1)
    return image


def logits(rng: np.random.Generator, seen: np.ndarray, classes: int) -> np.ndarray:
    """Return (H, W, classes) logits: smoothed labels and noise that neighbours share."""
    noise = blur(rng.standard_normal((HEIGHT + 20, WIDTH + 20, classes)), 1.6)[10:-10, 10:-10]
    return 5.0 * blur(np.eye(classes)[seen], 0.8) + 0.75 * noise / noise.std()


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn logits on the last axis into probabilities."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def dataset(stream: int, counts: dict[int, int]) -> Pair:
    """Make softmax predictions (N, H, W, classes) and label masks (N, H, W)."""
    rng = np.random.default_rng([SEED, stream])
    scores, masks = [], []
    for _ in range(IMAGES):
        things = street(rng, counts)
        masks.append(render(things))
        seen = render(misjudge(rng, things, list(counts)))
        scores.append(logits(rng, seen, len(counts) + 1))
    return softmax(np.stack(scores)), np.stack(masks)


def tiny_things() -> np.ndarray:
    """Make (N, H, W) binary masks that hold one or two far-away cars each."""
    rng = np.random.default_rng([SEED, 4])
    masks = []
    for _ in range(IMAGES):
        xs = rng.permutation([18, 40, 62, 82])[: rng.integers(1, 3)]
        masks.append(render([replace(place(rng, CAR, x), size=rng.uniform(3, 4.5)) for x in xs]))
    return np.stack(masks)


# --- The cases


def mean_iou(predictions: np.ndarray, masks: np.ndarray, classes: int) -> float:
    """Return the mean IoU of two label maps, from one confusion matrix over all images."""
    pairs = masks.astype(np.int64).ravel() * classes + predictions.ravel()
    matrix = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    hits = np.diag(matrix)
    return float(np.mean(hits / (matrix.sum(axis=0) + matrix.sum(axis=1) - hits)))


def save(name: str, given: Pair, healed: Pair, classes: int) -> None:
    """Write a case and print its true mean IoU.

    Args:
        name: The case's folder.
        given: Its predictions and masks as they are written, with their fault.
        healed: The same as label maps (N, H, W), without the fault.
        classes: How many classes `healed` has.
    """
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for stem, array in zip(("preds", "masks"), given, strict=True):
        np.save(folder / f"{stem}.npy", np.ascontiguousarray(array))
    print(f"{name:32} {mean_iou(*healed, classes):.4f}")


def save_streets() -> None:
    """Write the cases of three classes, which all show the same eight scenes."""
    exact, masks = dataset(1, {CAR: 3, PERSON: 4})
    full, half = exact.astype(np.float32), exact.astype(np.float16)
    labels, half_labels = (each.argmax(axis=-1).astype(np.uint8) for each in (full, half))
    one_hot = np.eye(3, dtype=np.uint8)[masks]
    healed, half_healed = (labels, masks), (half_labels, masks)
    save("healthy", healed, healed, 3)
    save("unargmaxed_one_hot", (full, one_hot), healed, 3)
    save("integer_masks_dense_predictions", (half, masks[..., None]), half_healed, 3)
    save("height_width_swapped", (labels.transpose(0, 2, 1), masks), healed, 3)
    save("channels_first", (half.transpose(0, 3, 1, 2), masks), half_healed, 3)


def save_binary() -> None:
    """Write the cases of two classes: cars against background."""
    exact, masks = dataset(2, {CAR: 4})
    sigmoid = exact[..., 1:].astype(np.float32)
    labels = (sigmoid[..., 0] > 0.5).astype(np.uint8)
    save("sigmoid", (sigmoid, masks[..., None]), (labels, masks), 2)
    save("masks_0_255", (labels, masks * np.uint8(255)), (labels, masks), 2)
    collapsed = np.zeros_like(masks), tiny_things()
    save("imbalance", collapsed, collapsed, 2)


def main() -> None:
    """Write all cases."""
    save_streets()
    save_binary()
    exact, masks = dataset(3, {CAR: 2, PERSON: 3, BICYCLE: 2})
    labels = exact.argmax(axis=-1).astype(np.uint8)
    save("wrong_num_classes", (labels, masks), (labels, masks), 4)


if __name__ == "__main__":
    main()
