"""TIFF files: pages, bands, strips and tiles."""
