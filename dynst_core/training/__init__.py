"""The training path: from all sites to few."""
