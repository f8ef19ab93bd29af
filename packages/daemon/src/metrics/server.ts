import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { listen as listening, listenOnFile } from '../listen/socket-file.ts'
import type { UnixListenerOptions } from '../listen/options.ts'
import type { Metrics } from './metrics.ts'

export interface MetricsServerOptions {
  /** Address and port, 0 for any; default of the address: 127.0.0.1. Or the path of a Unix socket. */
  listen: { host?: string; port: number } | UnixListenerOptions
  metrics: Metrics
  /** Whether the daemon can be asked for jobs: recovered, and not about to end. */
  isReady: () => boolean
}

/** Answers who looks after the daemon: `/metrics`, `/healthz` (it lives) and `/readyz` (it can be asked). */
export class MetricsServer implements AsyncDisposable {
  /** Where it listens: `127.0.0.1:9417`, or a path. */
  readonly address: string
  readonly #server: Server
  readonly #removeFile: () => Promise<void>

  private constructor(server: Server, address: string, removeFile: () => Promise<void>) {
    this.#server = server
    this.address = address
    this.#removeFile = removeFile
  }

  /** @throws what the system says when nobody can be listened to there. */
  static async open(options: MetricsServerOptions): Promise<MetricsServer> {
    const { listen } = options
    // They are few and ask for little: whoever does not is not waited for.
    const limits = { requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 65_000, maxHeaderSize: 8192 }
    const server = createServer(limits, (request, response) => {
      answer(request, response, options).catch((error: unknown) => response.destroy(error as Error))
    })
    server.maxConnections = 64
    // The file is moved to its place once it is made: the server goes on calling it by its first name.
    if ('path' in listen) return new MetricsServer(server, listen.path, await listenOnFile(server, listen))
    await listening(server, { host: '127.0.0.1', ...listen })
    return new MetricsServer(server, addressOf(server), async () => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#removeFile()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  { metrics, isReady }: MetricsServerOptions,
): Promise<void> {
  const [path] = url.split('?')
  const say = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
  }
  if (method !== 'GET' && method !== 'HEAD') return say(405, 'GET and HEAD only\n')
  switch (path) {
    case '/healthz':
      return say(200, 'ok\n')
    case '/readyz':
      return isReady() ? say(200, 'ready\n') : say(503, 'not ready\n')
    case '/metrics': {
      const { body, contentType } = await metrics.text()
      return say(200, body, contentType)
    }
    default:
      return say(404, 'there are /metrics, /healthz and /readyz\n')
  }
}
