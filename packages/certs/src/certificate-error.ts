/** What was to be done with certificates cannot be: what, on which path, and what might fix it. */
export class CertificateError extends Error {
  override name = 'CertificateError'
  readonly path: string

  constructor(message: string, path: string, options: ErrorOptions = {}) {
    super(message, options)
    this.path = path
  }
}
