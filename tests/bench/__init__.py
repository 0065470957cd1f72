"""How fast iou-doctor is beside what people use today: `PYTHONPATH=tests python -m bench`."""
