"""What attacks in Python are written with: a line per try, as `attack.h` describes them."""

import errno

tries = 0
DENIED = (errno.EPERM, errno.EACCES, errno.EROFS)


def tell(line):
    global tries
    tries += 1
    print(line, flush=True)


def refused(what, attempt, *reasons):
    """The attempt must fail, with one of the errors named."""
    try:
        result = attempt()
    except OSError as error:
        name = errno.errorcode.get(error.errno, f"E{type(error).__name__.upper()}")
        proper = error.errno in (reasons or DENIED)
        tell(f"refused: {name} {what}" if proper else f"BROKEN: {what}: {name}")
    else:
        tell(f"BROKEN: {what}: gave {result!r}")


def works(what, holds, seen=""):
    tell(f"works: {what}" if holds else f"BROKEN: {what}: {seen}")


def the_end():
    print(f"the end, {tries} tries", flush=True)
