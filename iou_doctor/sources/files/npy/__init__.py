"""NumPy's own files."""
