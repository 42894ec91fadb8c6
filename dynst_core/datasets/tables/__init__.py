"""Tables of sensors, with their places and links, read to a Field."""
