"""The panel beside the maps: one file for each tab."""
