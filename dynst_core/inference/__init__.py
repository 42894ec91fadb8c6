"""Forecasts from a saved run, for any mask."""
