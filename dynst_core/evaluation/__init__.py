"""Test errors of a trained path, and baselines beside it."""
