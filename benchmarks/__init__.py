"""Measurements that are kept: speed, accuracy against baselines, memory."""
