"""The drawn scenes as each publisher would release them."""
