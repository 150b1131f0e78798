"""A local page in the browser over the same library: pairs, campaigns, candidates, cells and data."""
