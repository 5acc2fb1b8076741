"use client";

import { useEffect, useRef } from "react";

/** What the program prints, as it prints it; else what the compiler said. */
export function Output({ run }) {
  const box = useRef(null);
  const compiler = run.answer?.status === "compile_error" ? run.answer.compile?.stderr : null;

  useEffect(() => {
    const { current } = box;
    if (current) current.scrollTop = current.scrollHeight;
  }, [run.output]);

  return (
    <>
      <h2 id="output">Output</h2>
      {/* Focusable, so that it can be scrolled by keyboard. */}
      <pre ref={box} className="output" role="log" aria-labelledby="output" tabIndex={0}>
        {compiler ?? run.output.map(({ kind, text }, index) => (
          <span key={index} className={kind}>
            {text}
          </span>
        ))}
      </pre>
    </>
  );
}
