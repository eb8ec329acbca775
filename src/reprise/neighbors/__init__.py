"""Exact nearest neighbours of global descriptors, and rankings made from them."""
