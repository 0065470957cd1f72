"""Look for faults: evidence in, findings out. Each family of rules has a folder."""
