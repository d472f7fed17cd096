"""What the kernel refuses to a process in the sandbox, as a filter of system calls.

Bubblewrap hides files, processes and the network. Left open are memory that no process holds (anonymous files, shared
mappings without a file, System V segments, pages in pipes, large buffers of sockets, attributes of files, queues of
input and output), namespaces of one's own with file systems without a bound, keys of the login, sessions of one's own
that take more than a share of the processor, and sockets of kinds that have no namespace. None of them is needed here.
"""

import contextlib
import os
import platform
import struct
from collections.abc import Iterator
from errno import EAFNOSUPPORT, ENOSYS, ENOTSUP, EPERM
from socket import AF_UNIX

# The number of each call, on the two machines that are known here.
NUMBERS = {
    "x86_64": {
        "unshare": 272,
        "memfd_create": 319,
        "memfd_secret": 447,
        "shmget": 29,
        "semget": 64,
        "msgget": 68,
        "add_key": 248,
        "request_key": 249,
        "keyctl": 250,
        "io_uring_setup": 425,
        "setsid": 112,
        "vmsplice": 278,
        "splice": 275,
        "tee": 276,
        "setxattr": 188,
        "lsetxattr": 189,
        "fsetxattr": 190,
        "setxattrat": 463,
        "io_setup": 206,
        "clone": 56,
        "clone3": 435,
        "socket": 41,
        "mmap": 9,
        "setsockopt": 54,
    },
    "aarch64": {
        "unshare": 97,
        "memfd_create": 279,
        "memfd_secret": 447,
        "shmget": 194,
        "semget": 190,
        "msgget": 186,
        "add_key": 217,
        "request_key": 218,
        "keyctl": 219,
        "io_uring_setup": 425,
        "setsid": 157,
        "vmsplice": 75,
        "splice": 76,
        "tee": 77,
        "setxattr": 5,
        "lsetxattr": 6,
        "fsetxattr": 7,
        "setxattrat": 463,
        "io_setup": 0,
        "clone": 220,
        "clone3": 435,
        "socket": 198,
        "mmap": 222,
        "setsockopt": 208,
    },
}
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel's audit names them
OTHER_TABLE = 0x40000000  # on x86_64, calls from here on are those of a second table
NEW_NAMESPACES = 0x7E020080  # CLONE_NEW...: user, mount, process, network, host name, IPC, cgroup and time
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20
BUFFERS = (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF and the same with ...FORCE
NUMBER, MACHINE, ARGUMENTS = 0, 4, range(16, 64, 8)  # where a filter finds them
LOAD, EQUAL, AT_LEAST, ANY_BIT, END = 0x20, 0x15, 0x35, 0x45, 0x06
KILL, ALLOW, FAIL = 0x80000000, 0x7FFF0000, 0x00050000


def is_known() -> bool:
    """Whether there is a filter for this machine."""
    return platform.machine() in NUMBERS


def program(machine: str) -> bytes:
    """Return the filter as the kernel reads it: instructions of classic BPF, each with two jumps and a value."""
    numbers = dict(NUMBERS[machine])
    looked_at = ("clone", "clone3", "socket", "mmap", "setsockopt")
    clone, clone3, socket, mmap, setsockopt = (numbers.pop(name) for name in looked_at)
    steps = [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 1, 0, MACHINES[machine]),
        (END, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, OTHER_TABLE),
        (END, 0, 0, KILL),
        (EQUAL, 0, 1, clone3),
        (END, 0, 0, FAIL | ENOSYS),  # its flags cannot be looked at; the C library then uses clone
    ]
    for name, number in numbers.items():
        steps += [(EQUAL, 0, 1, number), (END, 0, 0, FAIL | (ENOTSUP if "xattr" in name else EPERM))]
    steps += [
        (EQUAL, 0, 4, clone),
        (LOAD, 0, 0, ARGUMENTS[0]),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        (END, 0, 0, FAIL | EPERM),
        (END, 0, 0, ALLOW),
        (EQUAL, 0, 5, mmap),
        (LOAD, 0, 0, ARGUMENTS[3]),
        (ANY_BIT, 0, 2, MAP_SHARED),  # its bit is that of MAP_SHARED_VALIDATE, too
        (ANY_BIT, 0, 1, MAP_ANONYMOUS),
        (END, 0, 0, FAIL | EPERM),
        (END, 0, 0, ALLOW),
        (EQUAL, 0, len(BUFFERS) + 3, setsockopt),
        (LOAD, 0, 0, ARGUMENTS[2]),
        *((EQUAL, len(BUFFERS) - place, 0, option) for place, option in enumerate(BUFFERS)),
        (END, 0, 0, ALLOW),
        (END, 0, 0, FAIL | EPERM),
        (EQUAL, 0, 3, socket),
        (LOAD, 0, 0, ARGUMENTS[0]),
        (EQUAL, 1, 0, AF_UNIX),
        (END, 0, 0, FAIL | EAFNOSUPPORT),
        (END, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


@contextlib.contextmanager
def filter_to_read() -> Iterator[int]:
    """Give a file descriptor from which bubblewrap reads the filter of this machine."""
    to_read, to_write = os.pipe()
    os.write(to_write, program(platform.machine()))
    os.close(to_write)
    try:
        yield to_read
    finally:
        os.close(to_read)
