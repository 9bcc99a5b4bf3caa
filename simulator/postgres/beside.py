"""What a thing has beside its definition in the catalog, as the statements that give it back when it is made again."""

from __future__ import annotations

from simulator.postgres.catalog import Key
from simulator.postgres.database import Connection
from simulator.postgres.parts import is_users_schema

# Of views, triggers, rules, policies and generated columns. Whoever owns a thing may do all with it, without a grant.
_QUERY = f"""
WITH views AS MATERIALIZED (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS place,
        CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND {is_users_schema("n")}
), computed AS MATERIALIZED (
    SELECT a.*, n.nspname, c.relname, c.relowner, format('%I.%I', n.nspname, c.relname) AS place
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attgenerated <> '' AND {is_users_schema("n")}
), hooks AS MATERIALIZED (
    SELECT 'trigger' AS kind, 'pg_trigger'::regclass AS catalog, oid, tgrelid AS relation, tgname AS name,
        tgenabled AS enabled FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'rule', 'pg_rewrite'::regclass, oid, ev_class, rulename, ev_enabled FROM pg_rewrite
        WHERE rulename <> '_RETURN'
    UNION ALL SELECT 'policy', 'pg_policy'::regclass, oid, polrelid, polname, 'O' FROM pg_policy
)
SELECT 'relation', nspname, relname, '',
    format('ALTER %s %s SET (%s)', kind, place, array_to_string(reloptions, ', '))
FROM views WHERE reloptions IS NOT NULL
UNION ALL
SELECT 'relation', v.nspname, v.relname, '', format('GRANT %s ON %s TO %s%s', g.privileges, v.place, g.who, g.option)
FROM views v CROSS JOIN LATERAL (
    SELECT string_agg(privilege_type, ', ' ORDER BY privilege_type) AS privileges,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS who,
        CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option
    FROM aclexplode(v.relacl) WHERE grantee <> v.relowner GROUP BY grantee, is_grantable) g
UNION ALL
SELECT 'relation', v.nspname, v.relname, '',
    format('GRANT %s (%I) ON %s TO %s', x.privilege_type, a.attname, v.place,
        CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
FROM views v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE x.grantee <> v.relowner
UNION ALL
SELECT 'column', c.nspname, c.relname, c.attname,
    format('GRANT %s (%I) ON %s TO %s', x.privilege_type, c.attname, c.place,
        CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END)
FROM computed c CROSS JOIN LATERAL aclexplode(c.attacl) x WHERE x.grantee <> c.relowner
UNION ALL
SELECT 'relation', v.nspname, v.relname, '', CASE d.objsubid
    WHEN 0 THEN format('COMMENT ON %s %s IS %L', v.kind, v.place, d.description)
    ELSE format('COMMENT ON COLUMN %s.%I IS %L', v.place, a.attname, d.description) END
FROM views v JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = v.oid
LEFT JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum = d.objsubid AND a.attnum > 0
UNION ALL
SELECT 'column', c.nspname, c.relname, c.attname,
    format('COMMENT ON COLUMN %s.%I IS %L', c.place, c.attname, d.description)
FROM computed c JOIN pg_description d
    ON d.classoid = 'pg_class'::regclass AND d.objoid = c.attrelid AND d.objsubid = c.attnum
UNION ALL
SELECT h.kind, n.nspname, c.relname, h.name, s.statement
FROM hooks h JOIN pg_class c ON c.oid = h.relation
JOIN pg_namespace n ON n.oid = c.relnamespace AND {is_users_schema("n")}
CROSS JOIN LATERAL (
    SELECT format('ALTER TABLE %I.%I %s %s %I', n.nspname, c.relname,
        CASE h.enabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END,
        upper(h.kind), h.name) AS statement WHERE h.enabled <> 'O'
    UNION ALL
    SELECT format('COMMENT ON %s %I ON %I.%I IS %L', upper(h.kind), h.name, n.nspname, c.relname, d.description)
    FROM pg_description d WHERE d.classoid = h.catalog AND d.objoid = h.oid) s
ORDER BY 1, 2, 3, 4, 5"""


def statements(connection: Connection) -> dict[Key, tuple[str, ...]]:
    """By what they are about; in an order in which they can be run."""
    found: dict[Key, tuple[str, ...]] = {}
    for kind, schema, relation, name, statement in connection.execute(_QUERY.encode()):
        about = (kind, schema, relation, name)
        found[about] = (*found.get(about, ()), statement)
    return found
