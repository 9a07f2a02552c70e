/**
 * The errors a user can meet, one class per exit code. A message says what was tried, why it failed, the value at
 * hand and the way out.
 *
 * @module
 */

import { publicText } from "./secrets.ts";

/** Base of every expected failure; `exitCode` is what the command line ends with. */
export class RpgError extends Error {
  /** `exitCode` is what the process ends with. */
  constructor(message: string, readonly exitCode: number, options?: ErrorOptions) {
    super(publicText(message), options);
    this.name = new.target.name;
  }
}

/** A flag, value or file given by the user cannot be used. Exit code 2. */
export class UsageError extends RpgError {
  /** `message` names the value at hand and the way out. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options);
  }
}

/** A model's files are missing, damaged or of an unknown kind. Exit code 3. */
export class ModelError extends RpgError {
  /** `message` names the value at hand and the way out. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, 3, options);
  }
}

/** No usable adapter, a failed kernel, a lost device or too little memory. Exit code 4. */
export class GpuError extends RpgError {
  /** `message` names the value at hand and the way out. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, 4, options);
  }
}

/** A plan or a planner's reply cannot be used. Exit code 5. */
export class PlannerError extends RpgError {
  /** `message` names the value at hand and the way out. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, 5, options);
  }
}

/** The user stopped the run. Exit code 130. */
export class CancelledError extends RpgError {
  /** Usually made by Ctrl-C or an aborted signal. */
  constructor(message = "Cancelled.", options?: ErrorOptions) {
    super(message, 130, options);
  }
}

/**
 * What to throw where some work ended in `error`: a CancelledError where `signal` ended it, with its own reason as the
 * cause.
 */
export function orCancelled(error: unknown, signal?: AbortSignal): unknown {
  if (!signal?.aborted || error !== signal.reason || error instanceof CancelledError) return error;
  return new CancelledError(undefined, { cause: error });
}
