"""Parts of catalog queries that more than one of them has."""


def kind_of_relation(row: str) -> str:
    """A row of pg_class in the words of its CREATE; ``row`` is its name in the query, a constraint's index is one."""
    return f"""CASE WHEN {row}.relispartition THEN 'partition' ELSE CASE {row}.relkind
        WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type'
        ELSE 'index' END END"""


def is_users_schema(row: str) -> str:
    """Whether a row of pg_namespace is no schema of the server's own."""
    name = f"{row}.nspname"
    return f"{name} !~ '^pg_' AND {name} <> 'information_schema'"
