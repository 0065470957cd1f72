"""Evaluate a metric definition: from counts to areas, from areas to ratios and means."""
