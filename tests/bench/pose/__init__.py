"""Camera poses against ground truth, this package beside its peers."""
