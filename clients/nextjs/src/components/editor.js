"use client";

import { cpp } from "@codemirror/lang-cpp";
import { java } from "@codemirror/lang-java";
import { python } from "@codemirror/lang-python";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { Compartment, Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { basicSetup, EditorView } from "codemirror";
import { useEffect, useImperativeHandle, useRef } from "react";

const GRAMMARS = { c: cpp, cpp, java, python };

/**
 * The program. Tab leaves it, as it leaves any field; Ctrl+Enter runs it. `diagnostics` are shown at
 * their lines; `ref.goTo(line)` puts the cursor there.
 */
export function Editor({ ref, language, code, diagnostics, onChange, onRun }) {
  const host = useRef(null);
  const view = useRef(null);
  const grammar = useRef(new Compartment());
  const latest = useRef({ onChange, onRun });
  useEffect(() => {
    latest.current = { onChange, onRun };
  });

  useEffect(() => {
    const made = new EditorView({ parent: host.current, extensions: extensions(grammar.current, latest) });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    const { current } = view;
    current.dispatch({ effects: grammar.current.reconfigure(GRAMMARS[family(language)]?.() ?? []) });
  }, [language]);

  useEffect(() => {
    const { current } = view;
    const shown = current.state.doc.toString();
    if (shown !== code) current.dispatch({ changes: { from: 0, to: shown.length, insert: code } });
  }, [code]);

  useEffect(() => {
    const { current } = view;
    current.dispatch(setDiagnostics(current.state, diagnostics.map((each) => placed(current.state.doc, each))));
  }, [diagnostics]);

  useImperativeHandle(ref, () => ({
    goTo(number) {
      const { current } = view;
      const { from } = lineOf(current.state.doc, number);
      current.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      current.focus();
    },
  }));

  return <div ref={host} className="editor" />;
}

function extensions(grammar, latest) {
  const run = () => {
    latest.current.onRun?.();
    return true;
  };
  return [
    Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
    basicSetup,
    lintGutter(),
    grammar.of([]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": "Program" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
  ];
}

/** A variant's id begins with its language's, as in c11 and cpp20. */
function family(language) {
  return /^[a-z]+/.exec(language)?.[0];
}

function lineOf(doc, number) {
  return doc.line(Math.min(Math.max(number, 1), doc.lines));
}

function placed(doc, { line, column, severity, message }) {
  const { from, to } = lineOf(doc, line);
  const start = column === null ? from : Math.min(from + column - 1, to);
  return { from: start, to, severity, message };
}
