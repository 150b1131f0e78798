"""The five pages, each with its layout, its callbacks, and what of it is saved."""
