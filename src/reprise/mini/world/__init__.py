"""Scenes with cameras, weather and look-alike buildings, and the photographs of them."""
