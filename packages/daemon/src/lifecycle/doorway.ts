import type { RequestHandler } from '../listen/http.ts'

/** Has requests wait, from when a listener is open until there is somebody who can serve them. */
export class Doorway {
  readonly #opened = Promise.withResolvers<RequestHandler>()
  readonly #onWait: () => void
  #serve: RequestHandler | undefined

  /** `onWait` is told of each request that has to wait. */
  constructor(onWait: () => void) {
    this.#onWait = onWait
  }

  /** What the listeners hand requests to. */
  readonly handler: RequestHandler = (request, response) => {
    if (this.#serve) return this.#serve(request, response)
    this.#onWait()
    void this.#opened.promise.then((serve) => serve(request, response))
  }

  /** Whether there is somebody who can. */
  get isOpen(): boolean {
    return this.#serve !== undefined
  }

  /** From now on, and for those that wait. */
  open(serve: RequestHandler): void {
    this.#serve = serve
    this.#opened.resolve(serve)
  }
}
