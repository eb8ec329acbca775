"""The stages of localization, from files to files: what the jobs of the workflow call."""
