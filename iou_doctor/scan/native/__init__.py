"""Count large arrays with compiled C: the library of kernels and what calls it."""
