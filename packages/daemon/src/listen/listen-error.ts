/** A listener cannot be opened: what was attempted, where, and what might fix it. */
export class ListenError extends Error {
  override name = 'ListenError'
  /** A path, or an address and port. */
  readonly where: string

  constructor(message: string, where: string, options: ErrorOptions = {}) {
    super(message, options)
    this.where = where
  }
}
