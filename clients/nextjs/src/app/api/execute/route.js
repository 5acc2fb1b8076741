import { forward } from "@/lib/execution-client";

export const runtime = "nodejs";
export const maxDuration = 60;

/** The same, or a stream of events where `Accept` asks for one. */
export function POST(request) {
  return forward(request, request.headers.get("accept") ?? "application/json");
}
