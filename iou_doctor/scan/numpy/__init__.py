"""The pass in NumPy, the reference: the other two give the same counts bit for bit."""
