"""The pass by NumPy: the reference that the other two equal bit for bit."""
