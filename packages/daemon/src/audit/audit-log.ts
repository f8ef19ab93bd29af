import { DaemonError } from '../errors.ts'
import type { Asked, Audit, Outcome } from './contract.ts'
import { RepeatedInput } from './input.ts'
import { type LineFile, openLineFile } from './line-file.ts'
import { jobOf, summarize } from './summary.ts'

export interface AuditOptions {
  /** The file, or `'stdout'`. */
  path: string
  /** Nothing is changed while the log cannot be written. Default true. */
  required?: boolean
  /** Most bytes of lines that wait to be written, from 64 KiB. Default 8 MiB. */
  maxPendingBytes?: number
  /** Is told that the log cannot be written, and that it can again (null). */
  onFailure?: (error: Error | null) => void
}

/** One JSON object a line for each change that was asked for, appended to a file. */
export class AuditLog implements Audit, AsyncDisposable {
  readonly #options: Required<AuditOptions>
  readonly #input = new RepeatedInput()
  #file: LineFile
  /** Lines that are not written yet, and how many bytes of the first one are. */
  readonly #pending: Buffer[] = []
  #pendingBytes = 0
  #writtenOfFirst = 0
  /** Lines that there was no room for, since the last one that there was. */
  #lost = 0
  /** The write that is under way, and the one behind it, with which goes what came meanwhile. */
  #current: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null
  #failure: Error | null = null

  private constructor(options: Required<AuditOptions>, file: LineFile) {
    this.#options = options
    this.#file = file
  }

  /** @throws what the system says when the file cannot be opened, or, if it is required, written. */
  static async open(options: AuditOptions): Promise<AuditLog> {
    const complete = { required: true, maxPendingBytes: 8 * 1024 * 1024, onFailure: () => {}, ...options }
    const log = new AuditLog(complete, await openLineFile(options.path))
    try {
      await log.#begin()
    } catch (error) {
      if (!complete.required) return log
      await log.#file.close()
      throw error
    }
    return log
  }

  async ready(): Promise<void> {
    if (!this.#options.required) return
    // What could not be written is tried again: it comes before anything new.
    if (this.#failure) await this.#written().catch((error: unknown) => this.#refuse(error, 'nothing was done'))
    if (this.#pendingBytes > this.#options.maxPendingBytes / 2) {
      this.#refuse(this.#full(), 'nothing was done')
    }
  }

  async record(asked: Asked, outcome: Outcome): Promise<void> {
    if (this.#input.isRepeated(asked, outcome)) return
    const line = lineOf(asked, outcome)
    const written = this.#add(line) ? this.#written() : this.#writtenAfterOthers(line)
    await written.catch((error: unknown) => {
      if (this.#options.required) this.#refuse(error, 'what was asked for was done all the same, if it could be')
    })
  }

  /** False: there is no room for a line. */
  #add(line: object): boolean {
    const lost = this.#lost > 0 ? [lineOfLost(this.#lost)] : []
    const bytes = Buffer.from([...lost, line].map((each) => `${JSON.stringify(each)}\n`).join(''))
    if (this.#pendingBytes + bytes.byteLength > this.#options.maxPendingBytes) return false
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.byteLength
    this.#lost = 0
    return true
  }

  async #writtenAfterOthers(line: object): Promise<void> {
    await this.#written().catch(() => {})
    if (this.#add(line)) return this.#written()
    this.#lost++
    throw this.#full()
  }

  #full(): Error {
    return new Error(`${this.#pendingBytes} bytes wait to be written to it`)
  }

  /** Opens the file anew, where a program that rotates logs has moved it away. */
  async reopen(): Promise<void> {
    const file = await openLineFile(this.#options.path)
    await this.#current.catch(() => {})
    const before = this.#file
    this.#file = file
    // What was written of a line in the other file is of no use in this one.
    this.#writtenOfFirst = 0
    await before.close()
    // Who waits for it has been told, or is told by `ready`.
    await this.#begin().catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#written().catch(() => {})
    await this.#file.close()
  }

  /** A line that tells who writes from here on, by which it is known at once whether it can be written. */
  #begin(): Promise<void> {
    this.#add({ at: new Date().toISOString(), opened: process.pid })
    return this.#written()
  }

  #written(): Promise<void> {
    this.#next ??= this.#current
      .catch(() => {})
      .then(() => {
        this.#next = null
        this.#current = this.#write()
        return this.#current
      })
    return this.#next
  }

  async #write(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        const [first, ...rest] = this.#pending as [Buffer, ...Buffer[]]
        this.#take(await this.#file.write([first.subarray(this.#writtenOfFirst), ...rest]))
      }
      if (this.#failure) this.#options.onFailure(null)
      this.#failure = null
    } catch (error) {
      if (!this.#failure) this.#options.onFailure(error as Error)
      this.#failure = error as Error
      throw error
    }
  }

  #take(bytes: number): void {
    this.#writtenOfFirst += bytes
    while (this.#pending.length > 0 && this.#writtenOfFirst >= this.#pending[0]!.byteLength) {
      const { byteLength } = this.#pending.shift()!
      this.#writtenOfFirst -= byteLength
      this.#pendingBytes -= byteLength
    }
  }

  #refuse(error: unknown, what: string): never {
    const { path } = this.#options
    const message = `the audit log ${path} cannot be written (${(error as Error).message}); ${what}`
    throw new DaemonError('AUDIT_UNAVAILABLE', message, {}, { cause: error })
  }
}

function lineOfLost(lost: number): object {
  return { at: new Date().toISOString(), lost }
}

function lineOf({ method, caller, requestId, message }: Asked, { code, reason, job }: Outcome): object {
  return {
    at: new Date().toISOString(),
    identity: caller?.identity ?? null,
    from: caller?.from ?? null,
    via: caller?.via ?? null,
    method,
    job: job ?? jobOf(message) ?? null,
    outcome: code,
    ...(reason !== undefined && { reason }),
    requestId,
    asked: summarize(method, message),
  }
}
