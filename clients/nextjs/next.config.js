import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

// The client is a neighbour of this folder; installed from a registry it would need none of this.
const clients = dirname(dirname(fileURLToPath(import.meta.url)));

/** @type {import("next").NextConfig} */
export default {
  turbopack: { root: clients },
  outputFileTracingRoot: clients,
  poweredByHeader: false,
};
