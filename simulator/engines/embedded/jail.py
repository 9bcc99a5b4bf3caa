"""Becomes the command that it is given, confined as ordered. A program of its own, stdlib only.

    python -I -S jail.py ORDER COMMAND...

The command gets namespaces of its own (network, mounts, processes, IPC) and a root that is empty but for the system's
programs and libraries and what the order shows, as read-only overlays of the real folders. A unix socket seen through
an overlay has an inode that nobody listens on, so every listener of this machine is out of reach by path, whenever and
wherever it was started; those of the network and the abstract ones are cut off by the network namespace. Only the
folders that the order calls writable are the real ones.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import glob
import json
import os
import runpy
import signal
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, TypedDict

# linux/mount.h, linux/sched.h, linux/prctl.h; os.unshare is in Python 3.12 and newer only, and mount(2) in none.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}  # has no wrapper in libc

# Programs and libraries, which are everybody's to read; of /etc what says how names, users, zones, certificates and
# libraries are looked up, and nothing that is somebody's secret: started by root, the command may read root's files.
SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
    *("/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew"),  # programs of other package managers
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf"),
    *("/etc/protocols", "/etc/services", "/etc/localtime", "/etc/timezone", "/etc/locale.conf", "/etc/locale.alias"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/alternatives"),
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/crypto-policies"),
    *("/etc/pki/ca-trust/extracted", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf"),
    *("/etc/os-release", "/etc/debian_version", "/etc/mime.types", "/etc/magic", "/etc/fonts", "/etc/odbcinst.ini"),
)
# Of the machine's own folders, those that a command finds empty.
EMPTY = ("/tmp", "/var/tmp", "/run", "/dev/shm")
DEVICES = ("null", "zero", "full", "random", "urandom")
CPUS = "/sys/devices/system/cpu"  # how many there are: what thread pools ask for
INSIDE = 1000  # the user number inside, where it is a mapped one; PostgreSQL and some projects refuse 0
SAYS = "confinement:"
COULD_NOT = 125  # the exit code when the confinement itself fails

libc = ctypes.CDLL(None, use_errno=True)


class Host(NamedTuple):
    """What is known of the machine outside."""

    mounted: set[str]
    listeners: set[str]  # paths of unix sockets that somebody may listen on
    nothing: str  # an empty folder that has to stay: without it the overlays on it would list nothing
    shown: list[str]  # what is seen already, with all below it


class Order(TypedDict):
    """What ``confinement.py`` asks for; all paths are absolute and without links."""

    user: list[int] | None  # uid, gid to become for real; None: stay who we are
    survive: bool  # whether the command may outlive migsim
    root: str | None  # an empty folder to build the root on; None: no confinement
    writable: list[str]  # the real folders
    layers: list[list[str]]  # folder, upper, work: written to on a layer above; "copy" or "": what else will do
    shown: list[str]  # seen beside the system's own
    run: str | None  # the run's own folder, seen empty but for what is named above
    relay: list[str]  # a listening descriptor, and where the command itself will listen; empty: none


def main(order: Order, argv: list[str]) -> None:
    # Read before anything is hidden: this file's folder may be.
    relay = beside("relay.py")["Relay"](order["relay"])
    install_filter = beside("mode_filter.py")["install"]
    if order["root"] is None:
        become(order["user"])
        if not order["survive"]:
            die_with_parent()
        if order["relay"]:
            command = os.fork()
            if command:
                relay.start(command, die_with_parent)
                wait_for(command)
            die_with_parent()
        execute(argv)
    try:
        listeners = sockets()
        enter_namespaces(order)
    except OSError as error:
        give_up(error)
    # The first process of a process namespace takes all others with it.
    first = os.fork()
    if first:
        relay.close()
        wait_for(first)
    die_with_parent()
    try:
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY)
        build_root(order, listeners)
    except OSError as error:
        give_up(error)
    command = os.fork()
    if command:
        relay.start(command, lambda: drop_all(order["user"], proc))
        os.close(proc)
        call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)  # it has the privileges that the command must not get
        wait_for(command)
    try:
        drop(order["user"], proc)
    except OSError as error:
        give_up(error)
    with contextlib.suppress(OSError):  # a kernel without it: others are kept out of the run's folder all the same
        install_filter()
    execute(argv)


def beside(name: str) -> dict[str, Any]:
    """What a file in the same folder defines; with -I nothing can be imported from there."""
    return runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), name))


def enter_namespaces(order: Order) -> None:
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        call("unshare", flags)
    else:
        call("unshare", flags | CLONE_NEWUSER)
        map_user(os.open("/proc", os.O_PATH | os.O_DIRECTORY), uid, gid)
    loopback()
    if not order["survive"]:
        die_with_parent()


def loopback() -> None:
    """Bring up the namespace's own: what asks for a port of this machine is refused at once, as in a container."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def build_root(order: Order, listeners: set[str]) -> None:
    root = str(order["root"])
    here, umask = os.getcwd(), os.umask(0o022)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    host = Host(mountpoints(), listeners, root + "/.nothing", [])
    os.mkdir(host.nothing)
    for path in SYSTEM:
        show(path, root, host)
    for path in EMPTY:
        empty(path, root)
    if order["run"]:
        # Closed outside to all but us; in here the command's user has to get through to its own folders.
        mount("tmpfs", folder(order["run"], root), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    kernel(root)
    for path in order["shown"]:
        show(path, root, host)
    for path, upper, work, otherwise in order["layers"]:
        layer(path, folder(path, root), upper, work, otherwise)
    for path in order["writable"]:
        mount(path, folder(path, root), None, MS_BIND)
        protect(folder(path, root), MS_NODEV)
    for path in filter(None, (order["run"], "/")):
        protect(root + path, MS_RDONLY)
    enter(root)
    os.chdir(here)
    os.umask(umask)


def show(path: str, root: str, host: Host) -> None:
    """Show a folder or a file that is there, with the links that lead to it."""
    if not os.path.exists(path):
        return
    path = follow(path, root)
    if any(path == one or path.startswith(one + "/") for one in host.shown):
        return  # another link led there: /lib to /usr/lib
    host.shown.append(path)
    if os.path.isdir(path):
        mirror(path, folder(path, root), host)
    elif os.path.isfile(path) and not os.path.exists(root + path):
        bind_file(path, folder(os.path.dirname(path), root) + "/" + os.path.basename(path))


def follow(path: str, root: str) -> str:
    """Make each link on the way to that path, and return where the last one leads."""
    place, names = "/", [name for name in path.split("/") if name]
    while names:
        step = os.path.join(place, names.pop(0))
        if not os.path.islink(step):
            place = step
            continue
        target = os.readlink(step)
        with contextlib.suppress(OSError):  # there already, or seen with what it lies in
            os.symlink(target, folder(place, root).rstrip("/") + "/" + os.path.basename(step))
        names = [name for name in os.path.join(place, target).split("/") if name] + names
        place = "/"
    return os.path.realpath(place)


def mirror(source: str, target: str, host: Host) -> None:
    """Show the folder ``source`` at ``target``, read-only.

    One with mounts below it is taken apart: the kernel refuses an overlay that would uncover what they cover.
    """
    if not any(point.startswith(source.rstrip("/") + "/") for point in host.mounted):
        view(source, target, host)
        return
    with contextlib.suppress(PermissionError):
        for entry in os.scandir(source):
            mirror_entry(entry, f"{target.rstrip('/')}/{entry.name}", host)


def mirror_entry(entry: os.DirEntry[str], target: str, host: Host) -> None:
    if entry.is_symlink():
        with contextlib.suppress(FileExistsError):
            os.symlink(os.readlink(entry.path), target)
    elif entry.is_dir(follow_symlinks=False):
        os.makedirs(target, exist_ok=True)
        same_access(entry.path, target)
        mirror(entry.path, target, host)
    elif entry.is_file(follow_symlinks=False):
        bind_file(entry.path, target)


def view(source: str, target: str, host: Host) -> None:
    """A read-only overlay; an overlay needs two lower folders to do without an upper one."""
    try:
        with opened(source) as descriptor:
            # By descriptor: a path may hold the colons and commas that part the options of a mount.
            lower = f"lowerdir=/proc/self/fd/{descriptor}:{host.nothing}"
            mount("overlay", target, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, lower)
    except PermissionError:
        return  # closed to us outside as well: it stays empty
    except OSError:
        covered(source, target, host)


def covered(source: str, target: str, host: Host) -> None:
    """For a file system that no overlay takes: itself, read-only, each listener in it under an empty file.

    One that was bound by a relative path is not known by where it is; and one that starts later is not covered.
    """
    mount(source, target, None, MS_BIND)
    protect(target, MS_RDONLY | MS_NODEV)
    cover = f"{host.nothing}-file"
    with open(cover, "ab"):
        pass
    for path in host.listeners:
        if path.startswith(source.rstrip("/") + "/") and os.path.exists(path):
            mount(cover, target + path.removeprefix(source.rstrip("/")), None, MS_BIND)


def layer(source: str, target: str, upper: str, work: str, otherwise: str) -> None:
    """``source`` with a writable layer above it that lives in ``upper``; where the kernel has none, a copy there."""
    options = "" if os.geteuid() == 0 else ",userxattr"
    try:
        with opened(source) as descriptor:
            options = f"lowerdir=/proc/self/fd/{descriptor},upperdir={upper},workdir={work}{options}"
            mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, options)
    except OSError:
        if not otherwise:
            raise
        if not os.listdir(upper):
            os.spawnlp(os.P_WAIT, "cp", "cp", "-a", "--reflink=auto", f"{source}/.", upper)
        mount(upper, target, None, MS_BIND)


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def empty(path: str, root: str) -> None:
    if os.path.realpath(path) == path:
        mount("tmpfs", folder(path, root), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")


def kernel(root: str) -> None:
    """/proc of this process namespace, the harmless devices, the number of processors."""
    mount("proc", folder("/proc", root), "proc", MS_NOSUID | MS_NODEV)
    # Without capabilities root still owns /proc/sys, and would reach the host through it.
    protect(folder("/proc", root), MS_RDONLY)
    for name in DEVICES:
        bind_file(f"/dev/{name}", f"{root}/dev/{name}", device=True)
    for name, leads_to in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{leads_to}", f"{root}/dev/{name}")
    if os.path.isdir(CPUS):
        mount(CPUS, folder(CPUS, root), None, MS_BIND)
        protect(folder(CPUS, root), MS_RDONLY)


def enter(root: str) -> None:
    os.chdir(root)
    number = PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(errno.ENOSYS, f"pivot_root on {os.uname().machine}")
    check(libc.syscall(number, b".", b"."), "pivot_root")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def drop(user: list[int] | None, proc: int) -> None:
    """Without any capability: as a real other user, or as ourselves under another number."""
    if user is not None:
        become(user)
    elif os.geteuid() == 0:
        os.setgroups([])
        call("unshare", CLONE_NEWUSER)
        map_user(proc, 0, 0)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def become(user: list[int] | None) -> None:
    if user is not None:
        os.setgroups([])
        os.setgid(user[1])
        os.setuid(user[0])


def drop_all(user: list[int] | None, proc: int) -> None:
    """For a process that becomes no other program: without the capabilities that execve(2) takes from the command."""
    drop(user, proc)
    check(libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24)), "capset")  # version 3, this process (capget(2))
    call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def map_user(proc: int, uid: int, gid: int) -> None:
    """Be ``INSIDE`` in the user namespace just entered; through a /proc that is still writable."""
    for name, line in (("setgroups", "deny"), ("uid_map", f"{INSIDE} {uid} 1"), ("gid_map", f"{INSIDE} {gid} 1")):
        descriptor = os.open(f"self/{name}", os.O_WRONLY, dir_fd=proc)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def sockets() -> set[str]:
    """The paths of all unix sockets that this machine's network namespaces know of."""
    namespaces = {}
    for process in glob.glob("/proc/[0-9]*"):
        with contextlib.suppress(OSError):
            namespaces[os.readlink(f"{process}/ns/net")] = process
    found = set()
    for process in ("/proc/self", *namespaces.values()):
        with contextlib.suppress(OSError), open(f"{process}/net/unix", errors="surrogateescape") as lines:
            found |= {fields[7] for line in lines if len(fields := line.split(None, 7)) == 8}
    return {os.path.realpath(path.rstrip("\n")) for path in found if path.startswith("/")}


def mountpoints() -> set[str]:
    with open("/proc/self/mountinfo", "rb") as lines:
        fields = (line.split(b" ")[4] for line in lines)
        # Blanks and the like are octal in there.
        return {os.fsdecode(field.decode("unicode_escape").encode("latin-1")) for field in fields}


def folder(path: str, root: str) -> str:
    os.makedirs(root + path, exist_ok=True)
    return root + path


def same_access(source: str, target: str) -> None:
    status = os.stat(source)
    with contextlib.suppress(OSError):
        os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode) | stat.S_IWUSR | stat.S_IXUSR)


def bind_file(source: str, target: str, *, device: bool = False) -> None:
    with open(target, "ab"):
        pass
    mount(source, target, None, MS_BIND)
    if not device:
        protect(target, MS_RDONLY | MS_NODEV)


def protect(target: str, more: int) -> None:
    """Add flags to a mount; those that it has already may be locked, and are kept."""
    flags = os.statvfs(target).f_flag & (os.ST_RDONLY | os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME)
    relatime = os.statvfs(target).f_flag & os.ST_RELATIME
    kept = flags | ((1 << 21) if relatime else 0) | ((1 << 11) if os.statvfs(target).f_flag & os.ST_NODIRATIME else 0)
    mount("none", target, None, MS_BIND | MS_REMOUNT | MS_NOSUID | kept | more)


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode() if kind else None)
    check(libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None), f"mount {kind or ''} {target}")


def call(name: str, *arguments: object) -> None:
    check(getattr(libc, name)(*arguments), name)


def check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent() -> None:
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def wait_for(child: int) -> None:
    """End as the child ends. Signals are for the command, which has them from its process group."""
    os.close(0)  # or who feeds the command would not see that it stopped reading
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def execute(argv: list[str]) -> None:
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python's own choices are not the command's
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def give_up(error: OSError) -> None:
    sys.stderr.write(f"{SAYS} {error.strerror or error} {error.filename or ''}\n")
    sys.stderr.flush()
    os._exit(COULD_NOT)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
