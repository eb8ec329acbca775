"""From rankings to numbers, and from numbers to tables with the published ones."""
