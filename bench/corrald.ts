import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { RemoteRunner } from '@corral/client'

const program = (path: string): string => fileURLToPath(new URL(`../packages/${path}`, import.meta.url))

/** The certificates of a folder that `corral certs init` has filled. */
export interface Certificates {
  folder: string
  /** Of a client who is admin, as `RemoteRunner` takes it. */
  tls: { ca: string; cert: string; key: string }
}

export function makeCertificates(folder: string): Certificates {
  const words = ['certs', 'init', '--dir', folder, '--host', '127.0.0.1', '--host', 'localhost']
  execFileSync(process.execPath, [program('cli/bin/corral.js'), ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  const file = (name: string): string => join(folder, name)
  return { folder, tls: { ca: file('ca.crt'), cert: file('admin.crt'), key: file('admin.key') } }
}

/** A daemon as users run it, over a socket and over TLS. */
export class Corrald implements AsyncDisposable {
  readonly host: string
  readonly tlsHost: string
  readonly pid: number
  readonly #process: ReturnType<typeof spawn>

  private constructor(child: ReturnType<typeof spawn>, host: string, tlsHost: string) {
    this.#process = child
    this.pid = child.pid!
    this.host = host
    this.tlsHost = tlsHost
  }

  /** `folder` is where jobs are kept; resolves once clients are served. */
  static async start(folder: string, { folder: certs }: Certificates): Promise<Corrald> {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const [config, socket] = [join(folder, 'corrald.toml'), join(folder, 'corrald.sock')]
    writeFileSync(config, configOf(folder, socket, certs))
    const words = [program('daemon/bin/corrald.js'), '--config', config, '--ready-fd', '3']
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
    const addresses = (await text(child.stdio[3] as Readable)).trim().split(' ')
    const address = addresses.find((each) => /:\d+$/.test(each))
    if (address === undefined) throw new Error(`corrald did not start: ${addresses.join(' ')}`)
    return new Corrald(child, `unix://${socket}`, `https://${address}`)
  }

  connect(): Promise<RemoteRunner> {
    return RemoteRunner.connect({ host: this.host })
  }

  connectTls({ tls }: Certificates): Promise<RemoteRunner> {
    return RemoteRunner.connect({ host: this.tlsHost, tls })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await exited
  }
}

function configOf(folder: string, socket: string, certs: string): string {
  const file = (name: string): string => JSON.stringify(join(certs, name))
  return `
storageRoot = ${JSON.stringify(join(folder, 'root'))}
onStop = "stop"
[log]
level = "error"
[audit]
path = ${JSON.stringify(join(folder, 'audit.log'))}
[unix]
path = ${JSON.stringify(socket)}
[tls]
listen = "127.0.0.1:0"
certificate = ${file('server.crt')}
key = ${file('server.key')}
ca = ${file('ca.crt')}
crl = ${file('crl.pem')}
[[identity]]
match = "admin"
role = "admin"
[requests]
maxStreamsPerIdentity = 4096
`
}
