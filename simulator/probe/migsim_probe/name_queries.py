"""What tells every name in a database, and the words of its language. Imports nothing of ours, as shown.py."""

# But for PostgreSQL's own.
CATALOG = """
    SELECT DISTINCT name FROM (
        SELECT relname::text AS name, relnamespace AS namespace FROM pg_catalog.pg_class
        UNION ALL SELECT attname::text, relnamespace FROM pg_catalog.pg_attribute
            JOIN pg_catalog.pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
        UNION ALL SELECT conname::text, connamespace FROM pg_catalog.pg_constraint
        UNION ALL SELECT typname::text, typnamespace FROM pg_catalog.pg_type
        UNION ALL SELECT proname::text, pronamespace FROM pg_catalog.pg_proc
        UNION ALL SELECT collname::text, collnamespace FROM pg_catalog.pg_collation
        UNION ALL SELECT tgname::text, 0 FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT polname::text, 0 FROM pg_catalog.pg_policy
        UNION ALL SELECT nspname::text, 0 FROM pg_catalog.pg_namespace
        UNION ALL SELECT rolname::text, 0 FROM pg_catalog.pg_roles
        UNION ALL SELECT datname::text, 0 FROM pg_catalog.pg_database
        UNION ALL SELECT name::text, 0 FROM pg_catalog.pg_available_extensions
        UNION ALL SELECT lanname::text, 0 FROM pg_catalog.pg_language
    ) named WHERE namespace IS DISTINCT FROM 'pg_catalog'::regnamespace
        AND namespace IS DISTINCT FROM 'information_schema'::regnamespace
"""
# Keywords, functions, types: in lower case.
LANGUAGE = """
    SELECT word FROM pg_catalog.pg_get_keywords()
    UNION SELECT proname FROM pg_catalog.pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
    UNION SELECT typname FROM pg_catalog.pg_type WHERE typnamespace = 'pg_catalog'::regnamespace
    UNION SELECT amname FROM pg_catalog.pg_am
    UNION SELECT opcname FROM pg_catalog.pg_opclass WHERE opcnamespace = 'pg_catalog'::regnamespace
"""
