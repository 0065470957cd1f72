"""Batch -> Batch: one file a repair.

A repair here works on the label map of the predictions, because argmax and threshold treat each
pixel alone and commute with moving pixels about.
"""
