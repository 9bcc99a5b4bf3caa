"""The docker engine: PostgreSQL and the project in containers without any network."""
