"""Whom the project connects as, and which roles a dump needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model import Dump
from simulator.scenario import Role

# The throwaway server's own superuser, made by initdb on either engine.
SUPERUSER = "postgres"

# Roles that managed platforms keep for themselves. What they own, a production superuser (or the nearest thing
# to one that the platform hands out) owns.
PLATFORM_ADMINISTRATORS = frozenset(
    {
        "postgres",
        "rdsadmin", "rds_superuser",  # Amazon RDS, Aurora
        "cloudsqladmin", "cloudsqlsuperuser", "alloydbadmin", "alloydbsuperuser",  # Google Cloud
        "azuresu", "azure_superuser", "azure_pg_admin",  # Azure
        "supabase_admin",
        "doadmin",  # DigitalOcean
        "avnadmin",  # Aiven
        "neon_superuser", "cloud_admin",  # Neon
        "ibm-cloud-base-user",
        "tsdbadmin",
    }
)  # fmt: skip
_PLATFORM_PREFIXES = ("rds", "cloudsql", "alloydb", "azure", "supabase_", "neon_")


@dataclass(frozen=True)
class RolePlan:
    """Whom the project connects as. ``create`` are roles made NOLOGIN before anything is restored.

    ``note`` is a sentence for ``not_checked``; empty where ownership and privileges are rehearsed. ``automatic``
    says that the dump chose the role, not the scenario: then a 42501 is not yet a verdict.
    """

    project_user: str
    superuser: bool
    create: tuple[str, ...] = ()
    member_of: tuple[str, ...] = ()
    automatic: bool = False
    note: str = ""

    @property
    def no_owner(self) -> bool:
        """Whether owners and grants of the dump are left out of the restore."""
        return self.superuser


def settle_role(role: str | Role, dump: Dump | None) -> RolePlan:
    """The scenario's ``postgres.role`` against the dump's owners. ``dump`` None: the baseline restores none."""
    named = role if isinstance(role, Role) else None
    name = named.name if named else str(role)
    roles = dump.roles if dump else ()
    if name == "auto":
        return _settle_from_dump(dump.owner if dump else None, roles, dump is not None)
    if name == "superuser" or name in PLATFORM_ADMINISTRATORS:
        return _superuser(roles, "the scenario asks for a superuser")
    member_of = named.member_of if named else ()
    return RolePlan(name, superuser=False, create=_to_create((*roles, *member_of), name), member_of=member_of)


def is_platform_role(name: str) -> bool:
    """Whether a managed platform made that role, so that no project of its own depends on it."""
    return name in PLATFORM_ADMINISTRATORS or name.startswith(_PLATFORM_PREFIXES)


def _settle_from_dump(owner: str | None, roles: tuple[str, ...], restored: bool) -> RolePlan:
    if not restored:
        return _superuser(roles, "no dump is restored")
    if owner is None:
        return _superuser(roles, "the dump names no owner of django_migrations")
    if owner in PLATFORM_ADMINISTRATORS:
        return _superuser(roles, f"{owner} owns django_migrations in the dump")
    return RolePlan(owner, superuser=False, create=_to_create(roles, owner), automatic=True)


def _superuser(roles: tuple[str, ...], reason: str) -> RolePlan:
    note = f"ownership and privileges ({reason}, so the project connects as a superuser)"
    return RolePlan(SUPERUSER, superuser=True, create=_to_create(roles, SUPERUSER), note=note)


def _to_create(roles: tuple[str, ...], project_user: str) -> tuple[str, ...]:
    """Names that begin with pg_ belong to the server (42939 on creating one)."""
    wanted = {role for role in roles if not role.startswith("pg_")} - {project_user, SUPERUSER}
    return tuple(sorted(wanted))
