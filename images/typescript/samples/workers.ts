import { Worker, isMainThread, parentPort, workerData } from "worker_threads";

const WORKERS = 4;

function startWorker(first: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: first });
    worker.on("message", resolve);
    worker.on("error", reject);
  });
}

async function main(): Promise<void> {
  const sums = await Promise.all([...Array(WORKERS).keys()].map(startWorker));
  console.log(`${WORKERS} workers: ${sums.reduce((a, b) => a + b)}`);
}

if (isMainThread) {
  void main();
} else {
  let sum = 0;
  for (let n: number = workerData; n < 1_000_000; n += WORKERS) {
    sum += n;
  }
  parentPort?.postMessage(sum);
}
