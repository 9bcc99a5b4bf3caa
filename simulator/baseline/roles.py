"""Whom the project connects as, who owns the throwaway database, and which roles a dump needs.

Three roles matter: the one that the project's settings name, who owns ``django_migrations`` in the dump, and who owns
the database there. A superuser would hide every refusal, so an ordinary one of them is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulator.engines.plan import SUPERUSER
from simulator.errors import UsageError
from simulator.model import Dump, Failure
from simulator.scenario import Role

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
_A_SUPERUSER = "a superuser"  # as the probe says it of what nobody else may do, whoever owns what
# Before it PUBLIC may create in the schema public (PostgreSQL 15 release notes).
_PUBLIC_CLOSED_FROM = 15
_OF_THE_DATABASE = (
    "who owns the database (the dump does not say): CREATE SCHEMA, EXTENSION and PUBLICATION are the owner's"
)


@dataclass(frozen=True)
class RolePlan:
    """Whom the project connects as. ``create`` are roles made NOLOGIN before anything is restored.

    ``note`` is a sentence for ``not_checked``; empty where ownership and privileges are rehearsed. ``automatic``
    says that the dump chose the role, not the scenario: then a 42501 is not always a verdict.
    """

    project_user: str
    superuser: bool
    create: tuple[str, ...] = ()
    member_of: tuple[str, ...] = ()
    automatic: bool = False
    note: str = ""
    warnings: tuple[str, ...] = ()
    database_owner: str = SUPERUSER
    owner_known: bool = True  # False: the dump does not name the database's owner
    all_may_create: bool = False  # PUBLIC may create in public, as on the server that the dump came from

    @property
    def no_owner(self) -> bool:
        """Whether owners and grants of the dump are left out of the restore."""
        return self.superuser


def settle_role(
    role: str | Role, dump: Dump | None, *, settings_user: str | None = None, stand_in: bool = False
) -> RolePlan:
    """The scenario's ``postgres.role`` against the dump's owners.

    ``dump`` None: the baseline restores none. ``settings_user``: whom the project's settings name. ``stand_in``: the
    server is newer than the dump's, which nobody asked for. Raises UsageError for a role that the dump does not know.
    """
    named = role if isinstance(role, Role) else None
    name = named.name if named else str(role)
    roles = dump.roles if dump else ()
    if name == "auto":
        plan = _chosen(dump, settings_user) if dump else _superuser((), "no dump is restored")
    elif name == "superuser" or name in PLATFORM_ADMINISTRATORS:
        plan = _superuser(roles, "the scenario asks for a superuser")
    else:
        plan = _named(name, named.member_of if named else (), dump)
    return plan if plan.superuser else _with_database(plan, dump, stand_in)


def is_platform_role(name: str) -> bool:
    """Whether a managed platform made that role, so that no project of its own depends on it."""
    return name in PLATFORM_ADMINISTRATORS or name.startswith(_PLATFORM_PREFIXES)


def is_answer(plan: RolePlan, refusal: Failure) -> bool:
    """Whether a 42501 is what production would say as well. Else membership in an ordinary role may allow it there,
    which no dump tells, or an owner whom the dump does not name."""
    if not plan.automatic:
        return True
    owner = refusal.denied_owner
    if owner == _A_SUPERUSER:  # an untrusted extension: platforms let their own administrator make some
        return plan.owner_known and (plan.database_owner == SUPERUSER or not is_platform_role(plan.database_owner))
    if owner is None or (refusal.denied_by_database and not plan.owner_known):
        return False
    return is_platform_role(owner)


def _chosen(dump: Dump, settings_user: str | None) -> RolePlan:
    """The settings' role where the dump knows it, else the history's owner, else the database's; never an
    administrator."""
    known = settings_user if settings_user in dump.roles else None
    candidates = [one for one in (known, dump.owner, dump.database_owner) if one and not is_platform_role(one)]
    if not candidates:
        return _superuser(dump.roles, _why_nobody(dump))
    user = candidates[0]
    if user in dump.superusers:
        return _superuser(dump.roles, "")  # as it is there
    plan = RolePlan(user, superuser=False, create=_to_create(dump.roles, user), automatic=True)
    if dump.owner and user == known != dump.owner:
        said = f"the settings connect as {user}, and {dump.owner} owns django_migrations in the dump"
        return replace(
            plan, warnings=(f"{said}: if it is the owner that migrates, set postgres: {{role: {dump.owner}}}",)
        )
    return plan


def _why_nobody(dump: Dump) -> str:
    if dump.owner is None:
        return "the dump names no owner of django_migrations"
    return f"{dump.owner} owns django_migrations in the dump"


def _named(name: str, member_of: tuple[str, ...], dump: Dump | None) -> RolePlan:
    roles = dump.roles if dump else ()
    if dump is not None and roles and name not in roles and not member_of:
        known = ", ".join(role for role in roles if not is_platform_role(role)) or "none but an administrator's"
        raise UsageError(
            f"postgres.role: the dump knows no role {name!r} (it has: {known})",
            f"name one of these, or say what it is a member of: postgres: {{role: {{name: {name}, member_of: [...]}}}}",
        )
    return RolePlan(name, superuser=False, create=_to_create((*roles, *member_of), name), member_of=member_of)


def _with_database(plan: RolePlan, dump: Dump | None, stand_in: bool) -> RolePlan:
    """Who owns the throwaway database, and what its schema public allows."""
    if dump is None:
        return replace(plan, database_owner=plan.project_user)
    owner = dump.database_owner
    plan = replace(plan, database_owner=owner or SUPERUSER, owner_known=owner is not None)
    if owner is None:
        plan = replace(plan, note=_OF_THE_DATABASE)
    elif dump.format != "plain" and not dump.has_privileges and owner != plan.project_user:
        plan = replace(plan, warnings=(*plan.warnings, "the dump holds no privileges: was it taken with -x?"))
    return replace(plan, all_may_create=stand_in and _major(dump.dumped_from) < _PUBLIC_CLOSED_FROM)


def _major(version: str | None) -> int:
    """The current rules where the dump does not say."""
    number = (version or "").partition(".")[0]
    return int(number) if number.isdigit() else _PUBLIC_CLOSED_FROM


def _superuser(roles: tuple[str, ...], reason: str) -> RolePlan:
    note = f"ownership and privileges ({reason}, so the project connects as a superuser)" if reason else ""
    return RolePlan(SUPERUSER, superuser=True, create=_to_create(roles, SUPERUSER), note=note)


def _to_create(roles: tuple[str, ...], project_user: str) -> tuple[str, ...]:
    """Names that begin with pg_ belong to the server (42939 on creating one)."""
    wanted = {role for role in roles if not role.startswith("pg_")} - {project_user, SUPERUSER}
    return tuple(sorted(wanted))
