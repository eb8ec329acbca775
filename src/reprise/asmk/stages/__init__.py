"""ASMK on files, one module per stage, so that a change of one stage makes no other stale."""
