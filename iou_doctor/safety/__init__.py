"""Files that are read and written safely, and text that controls nothing it is shown in."""
