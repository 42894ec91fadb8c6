"""A backbone with its mask, its normalised data and its training steps."""
