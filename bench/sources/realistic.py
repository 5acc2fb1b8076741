import heapq
import random
from collections import Counter, defaultdict, deque


def shortest(graph, start):
    best = {start: 0}
    heap = [(0, start)]
    while heap:
        distance, node = heapq.heappop(heap)
        if distance > best[node]:
            continue
        for other, weight in graph[node]:
            reached = distance + weight
            if reached < best.get(other, reached + 1):
                best[other] = reached
                heapq.heappush(heap, (reached, other))
    return best


def main():
    random.seed(42)
    graph = defaultdict(list)
    for node in range(1, 2000):
        other, weight = random.randrange(node), random.randint(1, 100)
        graph[node].append((other, weight))
        graph[other].append((node, weight))
    best = shortest(graph, 0)
    print("farthest:", max(best.values()))
    for distance, count in Counter(value // 50 for value in best.values()).most_common(3):
        print(f"{distance * 50}: {count}")
    seen, queue = {0}, deque([0])
    while queue:
        for other, _ in graph[queue.popleft()]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    print(len(seen), "nodes")


main()
