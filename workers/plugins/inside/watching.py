"""What the processes of a plugin take together, where the kernel only limits each: the keeper looks
now and then.

Source: proc(5); Linux, Documentation/filesystems/proc.rst (`children`, `smaps_rollup`).
"""

import contextlib
import itertools
import os
import resource
import tempfile

# As many as its disk has with namespaces.
MOST_FILES = 20_000
_PAGE_BYTES = resource.getpagesize()


def memory_bytes(child: int, proc: int, enough: int) -> int:
    """Tell how much memory a process and its descendants hold; less than that, if it is not enough
    to look closer.

    Args:
        proc: A handle of `/proc`, as the machine sees it.
        enough: From where on it matters.
    """
    family = _family(child, proc)
    if len(family) < 2:
        return 0  # its own limit holds
    held = sum(_held_bytes(pid, proc) for pid in family)
    # What they share was counted for each of them.
    return sum(_share_bytes(pid, proc) for pid in family) if held > enough else held


def _family(child: int, proc: int) -> list[int]:
    found, left = [child], [child]
    while left:
        pid = left.pop()
        for thread in _listed(f"{pid}/task", proc):
            children = [int(one) for one in _read(f"{pid}/task/{thread}/children", proc).split()]
            found += children
            left += children
    return found


def _held_bytes(pid: int, proc: int) -> int:
    fields = _read(f"{pid}/statm", proc).split()
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def _share_bytes(pid: int, proc: int) -> int:
    for line in _read(f"{pid}/smaps_rollup", proc).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _held_bytes(pid, proc)  # it is gone, or that is not for us to see


def _listed(path: str, proc: int) -> list[str]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    except OSError:
        return []  # it has ended
    try:
        return os.listdir(handle)
    except OSError:
        return []
    finally:
        os.close(handle)


def _read(path: str, proc: int) -> str:
    try:
        with open(os.open(path, os.O_RDONLY, dir_fd=proc), encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def disk_bytes(folder: str, enough: int) -> int:
    """Tell how much lies in a folder; looks no further once it is more than enough.

    Args:
        enough: From where on it matters; so do more than MOST_FILES files.
    """
    total, count, left = 0, 0, [folder]
    while left and total <= enough:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    count += 1
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
        except FileNotFoundError:
            continue  # gone meanwhile
        except OSError:
            return enough + 1  # nested so that nobody could look any deeper
        if count > MOST_FILES:
            return enough + 1
    return total


def clear(folder: str) -> None:
    """Remove a folder with all that is in it, however deep: what is nested is taken out first."""
    grave = tempfile.mkdtemp(prefix="switchyard-gone-", dir=os.path.dirname(folder))
    left, numbers = [folder], itertools.count()
    while left:
        place = left.pop()
        with contextlib.suppress(OSError):  # the worker and the keeper may both be at it
            for entry in list(os.scandir(place)):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)
                    left.append(f"{grave}/{next(numbers)}")
                    os.rename(entry.path, left[-1])
                else:
                    os.unlink(entry.path)
            os.rmdir(place)
    with contextlib.suppress(OSError):
        os.rmdir(grave)
