"""Count with loops that Numba compiles to machine code."""
