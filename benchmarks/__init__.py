"""Measurements that are kept: speed, accuracy against rivals, memory."""
