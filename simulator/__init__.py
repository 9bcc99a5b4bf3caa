"""migsim: rehearse Django's ``migrate`` against a production dump, in throwaway PostgreSQL."""

__version__ = "0.1.0"
