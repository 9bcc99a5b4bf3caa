"""Makes the sample's history and dumps again: shop.bundle, and dumps/ with PostgreSQL 15.

    python scenarios/sample/make.py [--into FOLDER] [--postgres /usr/lib/postgresql/15/bin] [bundle|dumps]

Run it as an ordinary user (PostgreSQL refuses root), with a Python that has what shop/requirements.txt names.
``shop/`` is where main ends; ``history/`` holds the files of earlier commits, and of other branches, that differ from it.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ADA, BORIS, CHLOE = "Ada Okafor", "Boris Lind", "Chloe Tanaka"
CUSTOMERS = 2500  # with two orders each, and two lines an order


@dataclass(frozen=True)
class Commit:
    """``files`` reach their final form (that of shop/) here; ``history`` is laid over them; ``gone`` is removed."""

    branch: str
    author: str
    date: str
    message: str
    files: tuple[str, ...] = ()
    history: str | None = None
    gone: tuple[str, ...] = ()
    start: str | None = None  # a new branch, from there
    tag: str | None = None


COMMITS = (
    Commit(
        "main", ADA, "2024-02-05", "A shop: catalog, customers, orders", history="01-first", tag="v1.0",
        files=(
            ".gitignore", "README.md", "manage.py", "requirements.txt", "config",
            "catalog/__init__.py", "catalog/admin.py", "catalog/migrations/__init__.py", "catalog/migrations/0001_initial.py",
            "customers/__init__.py", "customers/admin.py", "customers/migrations/__init__.py", "customers/migrations/0001_initial.py",
            "orders/__init__.py", "orders/admin.py", "orders/migrations/__init__.py", "orders/migrations/0001_initial.py",
        ),
    ),
    Commit(
        "main", BORIS, "2024-05-14", "Phone numbers, notes on orders, a faster list of products",
        history="02-release-1.2", tag="v1.2",
        files=(
            "catalog/migrations/0002_product_active_index.py",
            "customers/models.py", "customers/migrations/0002_customer_phone.py",
            "orders/migrations/0002_order_note.py",
        ),
    ),
    Commit(
        "feature/order-reference", CHLOE, "2024-06-03", "Orders carry the customer's own reference",
        start="v1.2", history="feature-order-reference",
    ),
    Commit(
        "feature/old-tags", BORIS, "2024-06-11", "Tags for products, a first try",
        start="v1.2", history="feature-old-tags",
    ),
    Commit(
        "main", ADA, "2024-09-02", "E-mail addresses in lower case", start="v1.2",
        files=("customers/migrations/0003_lowercase_emails.py",),
    ),
    Commit(
        "main", ADA, "2024-09-20", "Tags", history="04-tag",
        files=("catalog/migrations/0003_tag.py",),
    ),
    Commit(
        "main", CHLOE, "2024-09-24", "Products have tags",
        files=("catalog/models.py", "catalog/migrations/0004_product_tags.py"),
    ),
    Commit(
        "main", CHLOE, "2024-10-08", "Orders carry a reference that one can search for",
        files=("orders/models.py", "orders/migrations/0003_order_reference.py"),
    ),
    Commit(
        "tidy/orders-migrations", BORIS, "2024-10-15", "Start the migrations of orders over",
        start="main", history="tidy-orders-migrations",
        gone=("orders/migrations/0002_order_note.py", "orders/migrations/0003_order_reference.py"),
    ),
    Commit(
        "release/1.3", ADA, "2024-10-21", "An index for the list of orders, without a lock",
        start="main", history="release-1.3",
    ),
    Commit(
        "feature/order-index", CHLOE, "2024-11-04", "The model knows its index",
        start="release/1.3", history="feature-order-index",
    ),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["all", "bundle", "dumps"], default="all")
    parser.add_argument("--into", type=Path, default=HERE)
    parser.add_argument("--postgres", type=Path, default=Path("/usr/lib/postgresql/15/bin"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shop") as scratch:
        tree = Path(scratch, "shop")
        build_history(tree)
        if options.what != "dumps":
            git(tree, "bundle", "create", "--quiet", str(options.into / "shop.bundle"), "HEAD", "--all")
        if options.what != "bundle":
            (options.into / "dumps").mkdir(exist_ok=True)
            with server(options.postgres, Path(scratch, "data")) as cluster:
                make_dumps(cluster, tree, options.into / "dumps")


# --- history -------------------------------------------------------------------------------------


def build_history(tree: Path) -> None:
    """A repository in ``tree`` with every commit; the same commits each time. Main is checked out at the end."""
    tree.mkdir()
    git(tree, "init", "--quiet", "--initial-branch=main")
    for commit in COMMITS:
        enter(tree, commit)
        write(tree, commit)
        record(tree, commit)
    git(tree, "checkout", "--quiet", "main")


def enter(tree: Path, commit: Commit) -> None:
    if commit.branch == "main" and commit.start:
        git(tree, "checkout", "--quiet", "main")
    elif commit.start:
        git(tree, "checkout", "--quiet", "-b", commit.branch, commit.start)


def write(tree: Path, commit: Commit) -> None:
    for name in commit.files:
        source = HERE / "shop" / name
        for file in [source] if source.is_file() else sorted(source.glob("*.py")):
            target = tree / file.relative_to(HERE / "shop")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    if commit.history:
        shutil.copytree(
            HERE / "history" / commit.history, tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in commit.gone:
        (tree / name).unlink()


def record(tree: Path, commit: Commit) -> None:
    email = f"{commit.author.split()[0].lower()}@shop.invalid"
    person = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", commit.author), ("EMAIL", email), ("DATE", f"{commit.date}T10:00:00Z"))
    }
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", commit.message, environment=person)
    if commit.tag:
        git(tree, "tag", commit.tag)


def git(tree: Path, *arguments: str, environment: dict[str, str] | None = None) -> None:
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(["git", *arguments], cwd=tree, env=os.environ | quiet | (environment or {}), check=True)


# --- dumps ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """A throwaway server that answers on a socket in ``socket`` only."""

    programs: Path
    socket: Path

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run([self.programs / program, "-h", self.socket, *arguments], check=True, stdout=subprocess.DEVNULL)

    def create(self, name: str) -> None:
        self.run("createdb", "-U", "postgres", "-O", "shop_app", name)

    def sql(self, name: str, file: str, **variables: int) -> None:
        given = [part for key, value in variables.items() for part in ("-v", f"{key}={value}")]
        options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", *given]
        self.run("psql", "-U", "shop_app", "-d", name, *options, "-f", str(HERE / "sql" / file))

    def migrate(self, tree: Path, ref: str, name: str, *target: str) -> None:
        git(tree, "checkout", "--quiet", ref)
        there = {"DATABASE_HOST": str(self.socket), "DATABASE_NAME": name, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0", *target]
        subprocess.run(command, cwd=tree, env=os.environ | there, check=True)

    def dump(self, name: str, file: Path) -> None:
        self.run("pg_dump", "-U", "postgres", "-Fc", "-Z", "9", "-f", str(file), name)


@contextlib.contextmanager
def server(programs: Path, data: Path) -> Iterator[Cluster]:
    subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    options = f"-k {data} -c listen_addresses= -c fsync=off"
    subprocess.run(
        [programs / "pg_ctl", "-D", data, "-w", "-s", "-l", data / "log", "-o", options, "start"], check=True
    )
    try:
        cluster = Cluster(programs, data)
        cluster.run("createuser", "-U", "postgres", "--no-superuser", "shop_app")
        yield cluster
    finally:
        subprocess.run([programs / "pg_ctl", "-D", data, "-s", "-m", "immediate", "stop"], check=True)


def make_dumps(cluster: Cluster, tree: Path, into: Path) -> None:
    # Production as it should be: release 1.2, nothing else.
    cluster.create("shop")
    cluster.migrate(tree, "v1.2", "shop")
    cluster.sql("shop", "people.sql", customers=CUSTOMERS // 10)
    cluster.dump("shop", into / "release-1.2.dump")

    # Production as it is: somebody's branch was migrated there, and a row of the history is lost.
    cluster.create("prod")
    cluster.migrate(tree, "v1.2", "prod")
    cluster.sql("prod", "people.sql", customers=CUSTOMERS)
    cluster.migrate(tree, "feature/order-reference", "prod")
    cluster.migrate(tree, "main", "prod", "catalog", "0003")
    cluster.sql("prod", "incidents.sql")
    cluster.dump("prod", into / "prod.dump")

    # A developer's own database, some commits behind main: tags are there, their use on products is not.
    cluster.create("dev")
    cluster.migrate(tree, "main~2", "dev")
    cluster.dump("dev", into / "dev.dump")


if __name__ == "__main__":
    main()
