import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { Corral, makeFolder, test as base } from './corral.ts'

const bin = fileURLToPath(new URL('../../packages/daemon/bin/corrald.js', import.meta.url))

/** A process of `corrald`, with what it keeps in a folder of its own. */
export class Corrald {
  readonly folder: string
  #child: ChildProcess | undefined
  #addresses: string[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  get storageRoot(): string {
    return join(this.folder, 'daemon')
  }

  /** Its socket, as `--host` takes it. */
  get host(): string {
    return `unix://${join(this.folder, 'corrald.sock')}`
  }

  /** Where it is reached by TLS, as `--host` takes it. */
  get tlsHost(): string {
    const address = this.#addresses.find((each) => /^127\.0\.0\.1:\d+$/.test(each.replace(/^\w+:\/\//, '')))
    if (address === undefined) throw new Error(`no TLS among ${this.#addresses.join(', ')}`)
    return `https://localhost:${address.slice(address.lastIndexOf(':') + 1)}`
  }

  /** Starts it, and waits until it serves clients. `toml` is for its configuration, beside what says where things are. */
  async start(toml = ''): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const config = join(this.folder, 'corrald.toml')
    const own = { storageRoot: this.storageRoot, 'unix.path': join(this.folder, 'corrald.sock') }
    const lines = Object.entries({ ...own, 'audit.path': join(this.folder, 'audit.log') })
    await writeFile(config, `${lines.map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}${toml}`)
    const log = join(this.folder, 'corrald.log')
    const child = spawn(
      'sh',
      ['-c', 'exec "$0" "$@" 2>>"$CORRALD_LOG"', process.execPath, bin, '--config', config, '--ready-fd', '3'],
      {
        stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
        env: { ...process.env, CORRALD_LOG: log },
      },
    )
    this.#child = child
    const said = await text(child.stdio[3] as NodeJS.ReadableStream)
    if (said === '') throw new Error(`corrald did not start: ${await readFile(log, 'utf8')}`)
    this.#addresses = said.trim().split(' ')
  }

  /** Ends it, and waits until it has gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
}

/** A test that has a daemon, and a `corral` whose commands go there; of both nothing is left at its end. */
export const test = base.extend<{ corrald: Corrald; there: Corral }>({
  corrald: async ({ corral }, use) => {
    const corrald = new Corrald(join(corral.folder, 'd'))
    await use(corrald)
    await corrald.stop()
  },
  there: async ({ corrald }, use) => {
    await corrald.start()
    const there = new Corral(await makeFolder(), { CORRAL_HOST: corrald.host })
    await use(there)
    await there.remove()
  },
})
