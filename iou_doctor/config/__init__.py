"""A file of options: which one counts, and what it says, checked key by key."""
