"""One traced run of the project's own Django, and what its trace says."""
