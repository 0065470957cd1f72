"""What it takes to believe the places on the map that the files state."""

LEAST_STATED_GAIN = 0.02
"""A move that the files state must gain this much in mean IoU. The places on the map may be wrong.
"""
STATED = "the places on the map in the files of predictions and masks say so as well"
