import os
import time

count = 0
while True:
    try:
        pid = os.fork()
    except OSError as error:
        raise SystemExit(f"after {count}: {error}")
    if pid == 0:
        time.sleep(60)
    count += 1
