"""Checks of entries of the configuration that do not fit each other, each module of what it begins with."""
