"""Losses, mining, and one training loop per system."""
