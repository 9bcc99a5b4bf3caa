"""Keeps this process, and all that come of it, from making a setuid or setgid file. For ``jail.py``: stdlib only.

Where root runs migsim, a file that the project's code makes is root's outside, too, and its mounts are nosuid inside of
the confinement only. So the kernel is given a filter of system calls (seccomp(2)) that looks at the modes: a chmod with
such a bit does nothing and says that it was done, since on a nosuid mount it would have no effect; and no file is made
with one. Calls whose modes a filter can't see do not exist: their callers know that from older kernels.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import NamedTuple

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, JUMP_EQUAL, JUMP_GREATER, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # linux/bpf_common.h
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
SETUID_OR_SETGID = 0o6000
CREATES = os.O_CREAT | 0o20000000  # __O_TMPFILE
X32 = 0x3FFFFFFF  # a number above it means a call of x86-64's other interface


class Calls(NamedTuple):
    """One machine's numbers of the calls that take a mode, by which argument that is (asm/unistd.h)."""

    architecture: int  # AUDIT_ARCH_* of linux/audit.h
    changes: dict[int, int]
    creates: dict[int, int]
    opens: dict[int, int]  # the flags are the argument before


GENERIC = ({52: 1, 53: 2, 452: 2}, {33: 2}, {56: 3})
MACHINES = {
    "x86_64": Calls(0xC000003E, {90: 1, 91: 1, 268: 2, 452: 2}, {85: 1, 133: 1, 259: 2}, {2: 2, 257: 3}),
    "aarch64": Calls(0xC00000B7, *GENERIC),
    "riscv64": Calls(0xC00000F3, *GENERIC),
}
UNSEEN = (425, 437)  # io_uring_setup, openat2: the same on all machines


def install() -> None:
    """For the rest of the process's life. On a machine that is not known nothing is done. Raises OSError."""
    calls = MACHINES.get(os.uname().machine)
    if calls is None:
        return
    steps = program(calls)
    code = ctypes.create_string_buffer(b"".join(steps))
    order = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(order), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def program(calls: Calls) -> list[bytes]:
    """The filter as instructions of classic BPF. Each call has a block of its own, which a miss jumps over."""
    steps = [
        *_unless(ARCHITECTURE, JUMP_EQUAL, calls.architecture, _answer(errno.ENOSYS)),
        *_when(NUMBER, JUMP_GREATER, X32, [_answer(errno.ENOSYS)]),
    ]
    for number in UNSEEN:
        steps += _when(NUMBER, JUMP_EQUAL, number, [_answer(errno.ENOSYS)])
    for number, argument in calls.changes.items():
        steps += _when(NUMBER, JUMP_EQUAL, number, [*_with_bits(argument, _answer(0)), _allow()])
    for number, argument in calls.creates.items():
        steps += _when(NUMBER, JUMP_EQUAL, number, [*_with_bits(argument, _answer(errno.EPERM)), _allow()])
    for number, argument in calls.opens.items():
        creating = _when(_place(argument - 1), JUMP_ANY_BIT, CREATES, _with_bits(argument, _answer(errno.EPERM)))
        steps += _when(NUMBER, JUMP_EQUAL, number, [*creating, _allow()])
    return [*steps, _allow()]


def _with_bits(argument: int, then: bytes) -> list[bytes]:
    return _when(_place(argument), JUMP_ANY_BIT, SETUID_OR_SETGID, [then])


def _when(offset: int, test: int, value: int, block: list[bytes]) -> list[bytes]:
    return [_step(LOAD, offset), _step(test, value, 0, len(block)), *block]


def _unless(offset: int, test: int, value: int, then: bytes) -> list[bytes]:
    return [_step(LOAD, offset), _step(test, value, 1, 0), then]


def _place(argument: int) -> int:
    """The lower half of an argument, on machines that have it first."""
    return ARGUMENTS + 8 * argument


def _answer(number: int) -> bytes:
    return _step(RETURN, ERRNO | number)


def _allow() -> bytes:
    return _step(RETURN, ALLOW)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
