"""Functions of TensorFlow of many kinds, each of which becomes a SavedModel without Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

SIZE = 32
WEIGHTS = np.random.default_rng(1).normal(size=(3, 3, 3, 3)).astype(np.float32)
Graph = Callable[[Any], Any]


def convolve(x: Any) -> Any:
    return tf.nn.conv2d(x, WEIGHTS, 1, "SAME")


def branch(x: Any) -> Any:
    return tf.cond(tf.reduce_mean(x) > 0.5, lambda: convolve(x), lambda: tf.nn.relu(x))


def choose(x: Any) -> Any:
    number = tf.cast(tf.reduce_max(x), tf.int32) % 3
    return tf.switch_case(number, [lambda: x, lambda: -x, lambda: tf.nn.softmax(x)])


def loop(x: Any) -> Any:
    return tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, convolve(y)), (0, x))[1]


def each(x: Any) -> Any:
    return tf.map_fn(lambda one: one - tf.reduce_mean(one), x)


def each_at_once(x: Any) -> Any:
    return tf.vectorized_map(lambda one: tf.matmul(one, tf.eye(3)), x)


def scan(x: Any) -> Any:
    return tf.transpose(tf.scan(lambda a, b: a + b, tf.transpose(x, (1, 0, 2, 3))), (1, 0, 2, 3))


def arrays(x: Any) -> Any:
    rows = tf.TensorArray(tf.float32, size=SIZE)
    for i in tf.range(SIZE):
        rows = rows.write(i, x[:, i] * 2.0)
    return tf.transpose(rows.stack(), (1, 0, 2, 3))


@tf.custom_gradient
def clipped(x: Any) -> Any:
    return tf.clip_by_value(x, 0.0, 1.0), lambda dy: tf.clip_by_norm(dy, 1.0)


def fake_quantised(x: Any) -> Any:
    x = tf.quantization.fake_quant_with_min_max_args(x, 0, 255)
    return convolve(tf.quantization.quantize_and_dequantize_v2(x, 0.0, 255.0))


def quantised(x: Any) -> Any:
    return tf.quantization.dequantize(*tf.quantization.quantize(x, 0.0, 255.0, tf.quint8))


def resized(x: Any) -> Any:
    for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3"):
        x = tf.image.resize(tf.image.resize(x, (16, 16), method=method), (SIZE, SIZE))
    return x


def coloured(x: Any) -> Any:
    x = tf.image.adjust_contrast(tf.image.adjust_brightness(x / 255.0, 0.1), 0.9)
    x = tf.image.rgb_to_hsv(tf.image.adjust_saturation(tf.image.adjust_hue(x, 0.1), 1.1))
    return tf.image.per_image_standardization(tf.image.hsv_to_rgb(x))


def cropped(x: Any) -> Any:
    boxes = tf.tile([[0.1, 0.1, 0.9, 0.9]], (tf.shape(x)[0], 1))
    crops = tf.image.crop_and_resize(x, boxes, tf.range(tf.shape(x)[0]), (SIZE, SIZE))
    return tf.image.draw_bounding_boxes(crops, boxes[:, tf.newaxis], tf.eye(3))


def patches(x: Any) -> Any:
    found = tf.image.extract_patches(x, (1, 3, 3, 1), (1, 1, 1, 1), (1, 1, 1, 1), "SAME")
    return tf.nn.dilation2d(found[..., :3], WEIGHTS[..., 0], (1,) * 4, "SAME", "NHWC", (1,) * 4)


def unpooled(x: Any) -> Any:
    values, places = tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True)
    flat = tf.scatter_nd(
        tf.reshape(places, (-1, 1)), tf.reshape(values, (-1,)), [tf.size(x, "int64")]
    )
    return tf.reshape(flat, tf.shape(x))


def blocks(x: Any) -> Any:
    return tf.nn.depth_to_space(tf.nn.space_to_depth(x, 2), 2)


def boxes(x: Any) -> Any:
    scores = tf.reshape(x[0, 0, :, 0], (-1,))
    kept = tf.image.non_max_suppression(tf.random.uniform((SIZE, 4)), scores, 4)
    return x + tf.cast(tf.size(kept), tf.float32)


def sparse(x: Any) -> Any:
    matrix = tf.sparse.from_dense(tf.eye(3))
    flat = tf.sparse.sparse_dense_matmul(matrix, tf.reshape(x, (-1, 3)), adjoint_b=True)
    return tf.reshape(tf.transpose(flat), tf.shape(x))


def ragged(x: Any) -> Any:
    rows = tf.RaggedTensor.from_row_lengths(tf.range(6.0), [1, 2, 3])
    return x * tf.reduce_sum(rows)


def frequencies(x: Any) -> Any:
    return tf.math.real(tf.signal.ifft2d(tf.signal.fft2d(tf.cast(x, tf.complex64))))


def matrices(x: Any) -> Any:
    s, u, v = tf.linalg.svd(tf.eye(3) + 0.1)
    return tf.einsum("bhwc,cd->bhwd", x, tf.linalg.inv(u @ tf.linalg.diag(s) @ tf.transpose(v)))


def sorted_values(x: Any) -> Any:
    top = tf.math.top_k(x, 2).values[..., :1]
    unique = tf.unique(tf.reshape(tf.cast(x, tf.int32), (-1,))).y
    return tf.argsort(x) + tf.cast(top, tf.int32) + tf.size(unique) + tf.math.bincount([1, 2])[0]


def words(x: Any) -> Any:
    texts = tf.strings.split(tf.strings.lower(tf.constant(["A b", "c"])), " ")
    joined = tf.strings.regex_replace(tf.strings.reduce_join(texts.flat_values), "b", "7")
    number = tf.strings.to_number(tf.strings.substr(joined, 1, 1))
    return x * number + tf.cast(tf.strings.to_hash_bucket_fast(joined, 9), tf.float32)


def decoded(x: Any) -> Any:
    picture = tf.io.encode_png(tf.cast(x[0], tf.uint8))
    return x + tf.cast(tf.io.decode_image(picture, expand_animations=False), tf.float32)


def randomised(x: Any) -> Any:
    noise = tf.random.stateless_normal(tf.shape(x), (1, 2)) + tf.random.normal(tf.shape(x))
    return x + noise * tf.nn.dropout(x, 0.5)


def data_set(x: Any) -> Any:
    data = tf.data.Dataset.from_tensor_slices(tf.range(4.0)).map(lambda v: v * 2).batch(2)
    return x + data.unbatch().reduce(0.0, lambda a, b: a + b)


def asserted(x: Any) -> Any:
    tf.debugging.assert_greater_equal(tf.shape(x)[0], 1)
    return tf.debugging.check_numerics(tf.ensure_shape(x, (None, SIZE, SIZE, 3)), "not finite")


def remembered(x: Any) -> Any:
    return tf.recompute_grad(convolve)(x)


@tf.function(jit_compile=True)
def compiled(x: Any) -> Any:
    return tf.nn.softmax(convolve(x))


def conditional_random_field(x: Any) -> Any:
    scores = tf.nn.log_softmax(x)
    for _ in range(2):
        blurred = tf.nn.avg_pool2d(tf.nn.softmax(scores), 3, 1, "SAME")
        scores = x - tf.tensordot(blurred, 1.0 - tf.eye(3), 1)
    return tf.nn.softmax(scores)


def transposed(x: Any) -> Any:
    return tf.nn.conv2d_transpose(x[:, ::2, ::2], WEIGHTS, tf.shape(x), 2, "SAME")


def whole_numbers(x: Any) -> Any:
    ids = tf.argmax(x, axis=-1, output_type=tf.int32)
    return tf.one_hot(tf.bitwise.bitwise_and(ids, 1) + tf.math.floormod(ids, 2), 3)


def masked(x: Any) -> Any:
    kept = tf.boolean_mask(x, tf.reduce_sum(x, -1) > 9.0)
    return tf.where(x > tf.reduce_mean(kept), x, tf.zeros_like(x))


GRAPHS: dict[str, Graph] = {
    "tf.cond": branch,
    "tf.switch_case": choose,
    "tf.while_loop": loop,
    "tf.map_fn": each,
    "tf.vectorized_map": each_at_once,
    "tf.scan": scan,
    "TensorArray": arrays,
    "custom gradient": clipped,
    "fake quantisation": fake_quantised,
    "quantisation": quantised,
    "tf.image.resize": resized,
    "colours": coloured,
    "crops": cropped,
    "patches": patches,
    "unpooling": unpooled,
    "space to depth": blocks,
    "non-maximum suppression": boxes,
    "sparse tensors": sparse,
    "ragged tensors": ragged,
    "Fourier transform": frequencies,
    "linear algebra": matrices,
    "sorting": sorted_values,
    "strings": words,
    "decoded images": decoded,
    "random numbers": randomised,
    "tf.data": data_set,
    "assertions": asserted,
    "recomputed gradient": remembered,
    "XLA": compiled,
    "conditional random field": conditional_random_field,
    "conv2d_transpose": transposed,
    "one hot": whole_numbers,
    "masks": masked,
}
"""Each function of images by its name."""
