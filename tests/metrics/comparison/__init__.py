"""Compare the contracts with the libraries that are installed, on new random arrays."""
