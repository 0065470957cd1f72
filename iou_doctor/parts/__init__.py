"""Parts: what a check needs from some of the samples, in a file, and reports made from them."""
