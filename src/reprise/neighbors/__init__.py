"""Exact nearest neighbours of global descriptors, and rankings made of neighbours."""
