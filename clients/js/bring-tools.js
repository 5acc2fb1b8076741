// Installs what this package is built and tested with, where it is not there: so that `npm pack`,
// `npm run build` and `npm test` work in a fresh clone.
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";

if (!existsSync("node_modules/.bin/tsc")) {
  // Stdout is the caller's: `npm pack` prints the tarball's name there.
  execSync("npm ci --no-dry-run --no-audit --no-fund --loglevel=error", { stdio: ["ignore", 2, 2] });
}
