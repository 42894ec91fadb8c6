"""Words, colours and pictures of a plan, from values alone."""
