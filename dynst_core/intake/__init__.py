"""A planner's own files: read, understood, checked and kept as data sets."""
