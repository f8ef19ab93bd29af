import { credentialFiles, loadCredentials, type Credentials } from './credentials.ts'
import { watchFolders } from './file-watch.ts'
import type { ListenLog, TlsListenerOptions } from './options.ts'

/** From when on the log says that something is about to run out, in milliseconds. */
const soonMs = 7 * 24 * 60 * 60 * 1000

/** The latest files of a TLS listener that could be used. */
export class CredentialStore {
  readonly #options: TlsListenerOptions
  readonly #log: ListenLog
  #current: Credentials
  #stopWatching: () => void = () => {}
  #loading: Promise<void> | undefined
  #isStale = false
  #isClosed = false
  /** Called with what has changed. */
  onChange: (credentials: Credentials) => void = () => {}

  /** @throws {ListenError} when the files cannot be used. */
  static async open(options: TlsListenerOptions, log: ListenLog): Promise<CredentialStore> {
    return new CredentialStore(options, log, await loadCredentials(options))
  }

  private constructor(options: TlsListenerOptions, log: ListenLog, credentials: Credentials) {
    this.#options = options
    this.#log = log
    this.#current = credentials
    this.#watch()
    this.#tell('Certificates are loaded')
  }

  get current(): Credentials {
    return this.#current
  }

  /** Reads the files again. What cannot be used is logged, and what was read before goes on being used. */
  async reload(): Promise<void> {
    // Their folders may be others by now.
    this.#watch()
    await this.#load()
  }

  close(): void {
    this.#isClosed = true
    this.#stopWatching()
  }

  #watch(): void {
    this.#stopWatching()
    if (this.#isClosed) return
    const failed = (error: Error): void =>
      this.#log.error({ err: error }, 'Certificates can no longer be watched: send SIGHUP after a change')
    try {
      this.#stopWatching = watchFolders(credentialFiles(this.#options), () => void this.#load(), failed)
    } catch (error) {
      failed(error as Error)
    }
  }

  /** One after another: what changes while files are read has them read once more. */
  #load(): Promise<void> {
    this.#isStale = true
    this.#loading ??= this.#loadWhileStale().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #loadWhileStale(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false
      try {
        const next = await loadCredentials(this.#options)
        if (next.digest !== this.#current.digest) this.#use(next)
      } catch (error) {
        this.#log.error({ err: error }, `Certificates are not reloaded: ${(error as Error).message}`)
      }
    }
  }

  #use(next: Credentials): void {
    this.#current = next
    this.onChange(next)
    this.#tell('Certificates are reloaded')
  }

  #tell(message: string): void {
    const { certificate, revocations } = this.#current
    const ends = {
      certificate: certificate.validToDate,
      ...(revocations?.nextUpdate && { crl: revocations.nextUpdate }),
    }
    const runsOut = Object.entries(ends).filter(([, date]) => date.getTime() - Date.now() < soonMs)
    this.#log.info({ serial: certificate.serialNumber, notAfter: ends }, message)
    for (const [what, date] of runsOut) {
      const path = what === 'crl' ? this.#options.crl : this.#options.certificate
      this.#log.warn({ path, notAfter: date }, `${path} holds until ${date.toISOString()} only`)
    }
  }
}
