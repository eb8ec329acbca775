"""From rankings to numbers, and from numbers to tables that stand next to the published ones."""
