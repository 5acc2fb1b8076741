"use client";

import { wordOf } from "@/lib/run-state";

const SIGNS = { accepted: "✓", running: "…", skipped: "–" };

/** Inputs, what is expected of them, and how each went. */
export function Tests({ tests, results, running, onChange }) {
  const change = (index, fields) => onChange(tests.map((test, at) => (at === index ? { ...test, ...fields } : test)));
  return (
    <>
      <h2>Tests</h2>
      <ol className="tests">
        {tests.map((test, index) => (
          <Test
            key={index}
            number={index + 1}
            test={test}
            result={results[index + 1]}
            disabled={running}
            onChange={(fields) => change(index, fields)}
            onRemove={() => onChange(tests.filter((_, at) => at !== index))}
          />
        ))}
      </ol>
      <button type="button" disabled={running} onClick={() => onChange([...tests, { input: "", expected: "" }])}>
        Add a test
      </button>
    </>
  );
}

function Test({ number, test, result, disabled, onChange, onRemove }) {
  const field = (name, label) => (
    <label className="field">
      {label}
      <textarea
        rows={2}
        value={test[name]}
        disabled={disabled}
        spellCheck={false}
        onChange={(event) => onChange({ [name]: event.target.value })}
      />
    </label>
  );
  return (
    <li className={`test ${result?.status ?? "unknown"}`}>
      <div className="bar">
        <strong>
          <span aria-hidden="true">{result ? (SIGNS[result.status] ?? "✗") : "○"}</span> Test {number}: {wordOf(result)}
        </strong>
        <button type="button" disabled={disabled} onClick={onRemove} aria-label={`Remove test ${number}`}>
          Remove
        </button>
      </div>
      <Difference difference={result?.difference} />
      <div className="pair">
        {field("input", "Input")}
        {field("expected", "Expected")}
      </div>
    </li>
  );
}

function Difference({ difference }) {
  if (!difference) return null;
  const { line, expected, got } = difference;
  return (
    <p>
      Line {line}: expected <code>{expected}</code>, got <code>{got}</code>
    </p>
  );
}
