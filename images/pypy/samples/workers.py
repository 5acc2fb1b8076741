from multiprocessing import Pool

PROCESSES = 4


def part(first: int) -> int:
    return sum(range(first, 1_000_000, PROCESSES))


if __name__ == "__main__":
    with Pool(PROCESSES) as pool:
        print(f"{PROCESSES} workers: {sum(pool.map(part, range(PROCESSES)))}")
