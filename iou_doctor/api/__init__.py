"""What `iou_doctor.check` in Python adds to the diagnosis: its arguments and its Report."""
