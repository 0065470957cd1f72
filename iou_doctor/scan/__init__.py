"""One pass over the data: from batches to Stats."""
