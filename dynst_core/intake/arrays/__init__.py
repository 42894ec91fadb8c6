"""Arrays without coordinates of their own: which axes they have, and where their nodes are."""
