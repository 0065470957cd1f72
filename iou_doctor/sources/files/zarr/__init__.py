"""Zarr arrays, versions 2 and 3."""
