"""The pure part of the database module."""

from simulator.postgres.libpq import forget_libpq_settings


def test_nothing_of_the_users_own_servers_is_left_for_libpq() -> None:
    environ = {
        "PGHOST": "prod-db",
        "PGSERVICE": "prod",
        "PGOPTIONS": "-c search_path=x",
        "PGCONNECT_TIMEOUT": "3",
        "PGCRYPTO_KEY": "of the project",
        "HOME": "/home/ada",
    }
    forget_libpq_settings(environ)
    assert environ == {"PGCRYPTO_KEY": "of the project", "HOME": "/home/ada"}
