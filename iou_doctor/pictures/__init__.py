"""Choose the samples that a page shows, and read their label maps once more."""
