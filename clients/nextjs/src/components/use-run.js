"use client";

import { RunnerClient } from "@codebae/runner-client";
import { useCallback, useEffect, useReducer, useRef } from "react";

import { after, IDLE, STARTED } from "@/lib/run-state";

function reduce(state, action) {
  if (action.event) return after(state, action);
  return { ...(action.phase === "sent" ? STARTED : state), ...action };
}

/** One run at a time: its state, and how it is started and stopped. The key is this site's, not the page's. */
export function useRun() {
  const [run, dispatch] = useReducer(reduce, IDLE);
  const current = useRef(null);

  const stop = useCallback(() => current.current?.abort(), []);

  const start = useCallback(async (submission) => {
    const controller = new AbortController();
    current.current = controller;
    dispatch({ phase: "sent" });
    // The site's own route has tried again already.
    const client = new RunnerClient({ url: `${window.location.origin}/api`, apiKey: null, retries: 0 });
    try {
      for await (const event of client.stream(submission, { signal: controller.signal })) dispatch(event);
    } catch (error) {
      dispatch(controller.signal.aborted ? { phase: "stopped" } : { phase: "failed", problem: error.message });
    }
  }, []);

  useEffect(() => stop, [stop]);
  return [run, start, stop];
}
