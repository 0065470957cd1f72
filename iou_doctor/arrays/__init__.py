"""What the arrays are: where they come from, what their axes mean and how they are encoded."""
