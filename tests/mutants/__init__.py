"""Faults planted by hand in the rules, to see whether the tests of the rules notice them."""
