"""Arrays, tensors and batches from Python as sources."""
