"""The ledger: where each missing point of the mean IoU goes, in parts that add up."""
