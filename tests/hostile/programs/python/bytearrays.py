"""
Class: memory
Attacks: the memory limit, with objects that grow, and MemoryError caught and answered by going on.
Invariant: memory is limited; a refusal that is caught does not make it unlimited.
Allowed: memory_limit/memory
Request: {"limits": {"memory_mb": 64}, "timeout": 10000}
"""

held = []
while True:
    try:
        held.append(bytearray(1 << 40))
    except MemoryError:
        held.append(bytearray(b"x" * (1 << 20)))
