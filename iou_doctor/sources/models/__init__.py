"""Models as sources: they predict a batch of images when it is read."""
