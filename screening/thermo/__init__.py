"""What happens: hulls, interface reactions, lithiation and its products."""
