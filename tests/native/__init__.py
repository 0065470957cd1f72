"""Builds of the native kernels that find faults: with sanitizers, and for another processor."""
