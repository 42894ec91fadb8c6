"""Plans: which sites stay, and what that costs and saves."""
