"""Files: written atomically, checked before they are read, parsed within limits."""
