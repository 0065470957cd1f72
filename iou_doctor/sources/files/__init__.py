"""Files and folders as sources of arrays."""
