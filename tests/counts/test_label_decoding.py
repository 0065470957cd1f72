import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from iou_doctor.counts.label_decoding import decode_rounded, encode_rounded, is_no_class

FLOATS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=50)


@given(FLOATS)
def test_rounded_codes_are_in_the_order_of_the_values(values):
    ordered = np.sort(np.array(values, dtype=np.float32))
    assert (np.diff(encode_rounded(ordered)) >= 0).all()


@given(FLOATS)
def test_rounded_values_keep_12_bits(values):
    values = np.array(values, dtype=np.float32)
    normal = np.abs(values) >= 1e-30
    decoded = decode_rounded(encode_rounded(values))
    assert np.allclose(decoded[normal], values[normal], rtol=2.0**-12, atol=0)
    assert (np.abs(decoded[~normal]) < 1e-29).all()


def test_simple_numbers_are_exact_and_both_zeros_the_same():
    values = np.array([0.0, -0.0, 0.5, 1.0, 127.5, -2.0], dtype=np.float64)
    codes = encode_rounded(values)
    assert decode_rounded(codes).tolist() == [0.0, 0.0, 0.5, 1.0, 127.5, -2.0]
    assert codes[0] == codes[1]


def test_nan_is_no_class():
    assert is_no_class(encode_rounded(np.array([np.nan, 1.0]))).tolist() == [True, False]
