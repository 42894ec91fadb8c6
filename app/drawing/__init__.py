"""Charts, maps and texts made from values, without a server."""
