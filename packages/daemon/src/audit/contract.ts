import type { Caller } from '../identity/caller.ts'

/** A request that may change something. */
export interface Asked {
  /** The method as the service names it in TypeScript: `start`. */
  method: string
  /** Undefined: it is not known who they are. */
  caller: Caller | undefined
  requestId: string
  /** The request's message. */
  message: unknown
}

/** What came of it. */
export interface Outcome {
  /** `'ok'`, or the name of the code that was answered: `'permission_denied'`. */
  code: string
  /** The reason that was answered: `'FORBIDDEN_OPTION'`. */
  reason?: string
  /** The job that it was about, where the answer alone says: of a start. */
  job?: string
}

/**
 * Who changed what. For a method that may change something: `ready` before anything is done, `record` before it is answered.
 * Both may refuse; what they throw is the answer then.
 */
export interface Audit {
  /** @throws {DaemonError} `AUDIT_UNAVAILABLE`: nothing may be done, as it could not be written down. */
  ready(): Promise<void>
  /** Resolves once it is written. @throws {DaemonError} `AUDIT_UNAVAILABLE` */
  record(asked: Asked, outcome: Outcome): Promise<void>
}
