"""HDF5 files, by h5py, and their chunks read without it."""
