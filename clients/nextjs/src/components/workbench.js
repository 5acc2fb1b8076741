"use client";

import { useMemo, useRef, useState } from "react";

import { diagnosticsOf } from "@/lib/diagnostics";
import { isRunning, summaryOf } from "@/lib/run-state";
import { INPUT, SAMPLES, TESTS } from "@/lib/samples";

import { Editor } from "./editor";
import { Output } from "./output";
import { Tests } from "./tests";
import { useRun } from "./use-run";

/** The page: a program, what goes in, what comes out. */
export function Workbench({ languages }) {
  const [language, setLanguage] = useState(() => (languages.find(({ id }) => id === "python") ?? languages[0]).id);
  const [codes, setCodes] = useState(SAMPLES);
  const [input, setInput] = useState(INPUT);
  const [tests, setTests] = useState(TESTS);
  const [run, start, stop] = useRun();
  const editor = useRef(null);
  const running = isRunning(run);
  const diagnostics = useMemo(() => diagnosticsOf(run.answer), [run.answer]);
  const code = codes[language] ?? "";

  const runOnce = () => start({ language, code, input });
  const runTests = () => start({ language, code, tests });

  return (
    <div className="workbench">
      <section aria-label="Program" className="program">
        <div className="bar">
          <label>
            Language{" "}
            <select value={language} onChange={(event) => setLanguage(event.target.value)} disabled={running}>
              {languages.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <span className="buttons">
            <button type="button" className="main" onClick={runOnce} disabled={running} title="Ctrl+Enter in the editor">
              Run
            </button>
            <button type="button" onClick={runTests} disabled={running || tests.length === 0}>
              Run tests
            </button>
            <button type="button" onClick={stop} disabled={!running}>
              Stop
            </button>
          </span>
        </div>
        <Editor
          ref={editor}
          language={language}
          code={code}
          diagnostics={diagnostics}
          onChange={(text) => setCodes((all) => ({ ...all, [language]: text }))}
          onRun={running ? null : runOnce}
        />
        <label className="field">
          Input
          <textarea rows={3} value={input} onChange={(event) => setInput(event.target.value)} spellCheck={false} />
        </label>
      </section>
      <section aria-label="Results" className="results">
        <p role="status" className={`verdict ${run.answer?.status ?? run.phase}`}>
          {summaryOf(run)}
        </p>
        <Problems diagnostics={diagnostics} onGo={(line) => editor.current?.goTo(line)} />
        <Output run={run} />
        <Tests tests={tests} results={run.tests} running={running} onChange={setTests} />
      </section>
    </div>
  );
}

function Problems({ diagnostics, onGo }) {
  if (diagnostics.length === 0) return null;
  return (
    <ul className="problems" aria-label="Problems">
      {diagnostics.map(({ line, severity, message }, index) => (
        <li key={index}>
          <button type="button" className={severity} onClick={() => onGo(line)}>
            Line {line}: {message}
          </button>
        </li>
      ))}
    </ul>
  );
}
