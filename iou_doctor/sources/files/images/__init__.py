"""Images that Pillow reads."""
