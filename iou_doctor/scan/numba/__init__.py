"""The pass in machine code compiled by Numba."""
