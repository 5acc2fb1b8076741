/** Where in the program it went wrong, read out of what compilers and interpreters print. */

const COMPILER = /^[^\s:]+:(\d+)(?::(\d+))?: (?:fatal )?(error|warning): (.*)$/gm;
const PYTHON = /^ *File "(?!\/usr\/|<)[^"]*", line (\d+)/gm;
const JAVA = /^\s+at [^\n]*\([^:()\n]+\.java:(\d+)\)/m;
const MOST = 50;

/** @returns {{line: number, column: number | null, severity: "error" | "warning", message: string}[]} */
export function diagnosticsOf(answer) {
  if (!answer) return [];
  const found = [...(answer.compile?.stderr ?? "").matchAll(COMPILER)].slice(0, MOST);
  if (found.length > 0) return found.map(fromCompiler);
  const failed = answer.run ?? answer.tests?.find((test) => test.status === "runtime_error");
  const stderr = failed?.status === "runtime_error" ? (failed.stderr ?? "") : "";
  const line = [...stderr.matchAll(PYTHON)].at(-1)?.[1] ?? JAVA.exec(stderr)?.[1];
  return line ? [{ line: Number(line), column: null, severity: "error", message: said(stderr) }] : [];
}

function fromCompiler([, line, column, severity, message]) {
  return { line: Number(line), column: column ? Number(column) : null, severity, message };
}

/** Of a traceback the last line says what happened, of a Java stack the first. */
function said(stderr) {
  const lines = stderr.trim().split("\n");
  return (lines[0].startsWith("Exception in") ? lines[0] : lines.at(-1)).trim();
}
