"""The drawn scenes in the form in which each publisher would release them."""
