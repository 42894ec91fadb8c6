"""Backbones: the forecasters that are trained together with a mask."""
