"""The part of migsim that runs inside the project's Django. It imports the standard library and Django, no more."""
