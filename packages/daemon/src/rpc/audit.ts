/** A mutation that was asked for, and what came of it. Nothing in it is secret. */
export interface AuditEntry {
  at: Date
  identity: string
  /** Where from: an address and port, or a pid. */
  from: string
  /** `Start`. */
  method: string
  /** The job's name; absent: it has none yet. */
  job?: string
  /** `ok`, or the code of the error, as gRPC has it in lower case. */
  outcome: string
  /** Why it was refused: `JOB_NOT_FOUND`. */
  reason?: string
  /** What was asked for, as far as it is no secret. */
  detail: Readonly<Record<string, unknown>>
  requestId: string
}

/** Where mutations are written down. */
export interface RpcAudit {
  record(entry: AuditEntry): void
}
