"""The command ``reprise``: what a run would do, what exists, whether it is intact, and what can be removed."""
