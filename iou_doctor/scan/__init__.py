"""One pass over the data: batches in, `Stats` out."""
