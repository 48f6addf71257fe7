"""Make a system call of this process fail permanently, as on a file system without support for it.

A seccomp filter makes the kernel return a real error. It cannot be removed, so use a process of its
own. Linux on x86-64 only.
"""

from __future__ import annotations

import ctypes
import struct

FLOCK, FSYNC = 73, 74  # numbers of x86-64

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000


def fail_system_call(number: int, error: int) -> None:
    """Make every later call with this number fail with `error`, a number of `errno`."""
    steps = [
        (_LOAD, 0, 0, 0),  # the number of the call
        (_JUMP_IF_EQUAL, 0, 1, number),
        (_RETURN, 0, 0, _ERRNO | error),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    )
    system = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, program)):
        if system.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")
