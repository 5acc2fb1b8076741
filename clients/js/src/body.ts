import { RunnerProtocolError } from "./errors.js";

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | null;

/** A body's bytes as they come; `each` is called for every piece. A reader that leaves cancels it. */
async function* pieces(body: Body, each: () => void = () => {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!body) return;
  const reader = body.getReader(); // not every runtime can iterate a stream
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      each();
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The whole of it. @throws RunnerProtocolError beyond `maxBytes`. */
export async function readText(body: Body, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const piece of pieces(body)) {
    size += piece.byteLength;
    if (size > maxBytes) throw new RunnerProtocolError(`The answer is longer than ${maxBytes} bytes`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * Its lines, without their ends and the empty ones; one that has no end is one too.
 * @throws RunnerProtocolError when one is longer than `maxBytes`.
 */
export async function* readLines(body: Body, maxBytes: number, each: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = []; // of the line under way: added up once, at its end
  let size = 0;
  for await (const piece of pieces(body, each)) {
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      const line = parts.join("") + decoder.decode(piece.subarray(from, end), { stream: true });
      [parts, size, from] = [[], 0, end + 1];
      if (line.trim()) yield line;
    }
    size += piece.byteLength - from;
    if (size > maxBytes) throw new RunnerProtocolError(`An event is longer than ${maxBytes} bytes`);
    parts.push(decoder.decode(piece.subarray(from), { stream: true }));
  }
  const rest = parts.join("") + decoder.decode();
  if (rest.trim()) yield rest;
}

/** @throws RunnerProtocolError when it is no JSON object. */
export function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RunnerProtocolError("The answer is not a JSON object: is this a runner's URL?");
  }
  return value as Record<string, unknown>;
}
