export { RunnerClient, type CallOptions, type RequestOptions, type RequestParts } from "./client.js";
export type { RunnerClientOptions } from "./config.js";
export {
  RunnerAuthError,
  RunnerBusyError,
  RunnerConnectionError,
  RunnerError,
  RunnerHttpError,
  RunnerProtocolError,
  RunnerRequestError,
  RunnerTimeoutError,
} from "./errors.js";
export type * from "./requests.js";
export type * from "./wire.js";
