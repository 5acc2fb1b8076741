import { forward } from "@/lib/execution-client";

export const runtime = "nodejs";
export const maxDuration = 60;

/** One program, one JSON answer: the older runner's contract, and what was added to it. */
export function POST(request) {
  return forward(request, "application/json");
}
