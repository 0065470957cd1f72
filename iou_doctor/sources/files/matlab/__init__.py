"""MATLAB's files, versions 5 to 7.3."""
