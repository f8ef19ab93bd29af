import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http2 from 'node:http2'
import { join } from 'node:path'
import tls from 'node:tls'
import { text } from 'node:stream/consumers'

import { initCa, issueCertificate, type IssuedCertificate } from '@corral/certs'

import {
  openListeners,
  type Listeners,
  type ListenersOptions,
  type RequestHandler,
} from '../../packages/daemon/src/listen/index.ts'
import { makeHandler } from './doors-handler.ts'
import { test as base } from './test.ts'

/** A line that a daemon's room logged. */
export interface LogLine {
  level: 'info' | 'warn' | 'error'
  message: string
  fields: Record<string, unknown>
}

/** A log that can be looked at, and waited for. */
export class CollectedLog {
  readonly lines: LogLine[] = []
  #waiting: (() => void)[] = []

  info = (fields: object, message: string): void => this.#add('info', fields, message)
  warn = (fields: object, message: string): void => this.#add('warn', fields, message)
  error = (fields: object, message: string): void => this.#add('error', fields, message)

  /** The first line, from now on or logged already, that has this in its message or its fields. */
  async find(part: string): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find((line) => `${line.message} ${JSON.stringify(line.fields)}`.includes(part))
      if (found) return found
      await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    }
  }

  #add(level: LogLine['level'], fields: object, message: string): void {
    this.lines.push({ level, message, fields: fields as Record<string, unknown> })
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

/** What a client needs: to be known, and to know the daemon. */
export interface ClientFiles {
  ca: string
  certificate?: string
  key?: string
}

/** The listeners under test, on a free port and a socket in the test's folder. */
export interface Doors {
  listeners: Listeners
  log: CollectedLog
  /** Of the CA and the certificates. */
  certs: string
  socket: string
  port: number
  admin: ClientFiles
}

export interface DoorsOptions extends Omit<ListenersOptions, 'log'> {
  handler?: RequestHandler
}

export interface DoorFixtures {
  /** Opens listeners; they are closed at the end. */
  openDoors: (options?: DoorsOptions) => Promise<Doors>
  /** Issues a client's certificate by the CA of the doors. */
  issue: (name: string, options?: Parameters<typeof issueCertificate>[2]) => Promise<ClientFiles & IssuedCertificate>
}

export const test = base.extend<DoorFixtures>({
  openDoors: async ({ folder }, use) => {
    const open: Listeners[] = []
    await use(async ({ handler = makeHandler(), ...options } = {}) => {
      const log = new CollectedLog()
      const certs = join(folder, 'certs')
      const { server, admin, ca, crl } = await makeCa(certs)
      const socket = join(folder, 'run/corrald.sock')
      const listeners = await openListeners(
        {
          unix: [{ path: socket }],
          tls: [{ host: '127.0.0.1', port: 0, certificate: server.certificate, key: server.key, ca, crl }],
          ...options,
          log,
        },
        handler,
      )
      open.push(listeners)
      const port = Number(/:(\d+)$/.exec(listeners.addresses.find(({ name }) => name === 'tls')?.address ?? '')?.[1])
      return { listeners, log, certs, socket, port, admin: { ca, certificate: admin.certificate, key: admin.key } }
    })
    for (const listeners of open) await listeners.close(0)
  },
  issue: async ({ folder }, use) => {
    const certs = join(folder, 'certs')
    await use(async (name, options) => ({
      ca: join(certs, 'ca.crt'),
      ...(await issueCertificate(certs, name, options)),
    }))
  },
})

/** One for all doors of a test. */
async function makeCa(folder: string): ReturnType<typeof initCa> {
  const file = (name: string): string => join(folder, name)
  const issued = (name: string): IssuedCertificate => ({
    ...{ name, identity: name, serialNumber: '', notAfter: new Date(), renewed: false },
    ...{ certificate: file(`${name}.crt`), key: file(`${name}.key`) },
  })
  const known = await readFile(file('ca.crt')).catch(() => undefined)
  if (known === undefined) return initCa(folder)
  return { folder, ca: file('ca.crt'), crl: file('crl.pem'), server: issued('server'), admin: issued('admin') }
}

/** What curl said. */
export interface Answer {
  status: number
  stdout: string
  stderr: string
}

/** Runs curl(1), which this project did not write. It never takes longer than 20 s. */
export function curl(...words: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile('curl', ['-sS', '--max-time', '20', ...words], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

/** curl's words for a client's files. */
export function asClient({ ca, certificate, key }: ClientFiles): string[] {
  return ['--cacert', ca, ...(certificate === undefined ? [] : ['--cert', certificate, '--key', key!])]
}

/** What Node's TLS needs of a client's files. */
export async function tlsOptions({ ca, certificate, key }: ClientFiles): Promise<tls.ConnectionOptions> {
  const own = certificate === undefined ? {} : { cert: await readFile(certificate), key: await readFile(key!) }
  return { ca: await readFile(ca), ...own, servername: 'localhost' }
}

/** Opens an HTTP/2 session over TLS. */
export async function connectHttp2(
  port: number,
  files: ClientFiles,
  options: tls.ConnectionOptions = {},
): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(`https://127.0.0.1:${port}`, { ...(await tlsOptions(files)), ...options })
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  return session
}

/** A request over a session, and its whole response. */
export async function get(session: http2.ClientHttp2Session, path: string): Promise<string> {
  return text(session.request({ ':path': path }))
}

/** A stream that goes on until `/release` is asked for: resolves once it has begun. */
export async function follow(session: http2.ClientHttp2Session): Promise<http2.ClientHttp2Stream> {
  const stream = session.request({ ':path': '/follow' })
  stream.on('error', () => {})
  await once(stream, 'data')
  return stream
}
