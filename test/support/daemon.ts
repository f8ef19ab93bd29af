import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { initCa, type IssuedCertificate, issueCertificate, type IssueOptions, type NewCa } from '@corral/certs'
import { CgroupRunner } from '@corral/runner'
import { stringify } from 'smol-toml'

/** What a TOML file says. */
export type TomlTable = { readonly [key: string]: unknown }

/** `corrald`, as it was built. */
export const corraldBin = fileURLToPath(new URL('../../packages/daemon/bin/corrald.js', import.meta.url))

export interface DaemonSetup {
  /** A folder of the test's own, not below /tmp. The storage root, `root`, the socket and the certificates are in it. */
  folder: string
  /** Laid over the tests' configuration, as corrald.toml has it. */
  config?: TomlTable
  /** Whether it listens with TLS too, on a port of 127.0.0.1 that stays the same. Default false. */
  tls?: boolean
  env?: NodeJS.ProcessEnv
  /** Another `corrald` than what was built. */
  program?: string
}

/** What a client with a certificate needs. */
export interface ClientTls {
  cert: string
  key: string
  ca: string
}

/** A `corrald` that serves clients. At its end it is told to end, and stops the jobs that run. */
export interface TestDaemon extends AsyncDisposable {
  readonly storageRoot: string
  /** Its configuration's file. */
  readonly configFile: string
  /** `unix:///…`: root is admin there. */
  readonly host: string
  /** `https://127.0.0.1:PORT`. */
  readonly tlsHost: string
  /** With `tls`: its authority. */
  readonly ca: NewCa
  /** With `tls`: of somebody who is admin. */
  readonly admin: ClientTls
  /** The process that runs now, or ran last. */
  readonly process: ChildProcess
  /** All that it has logged, by all of its processes. */
  readonly log: string[]
  /** Makes a client's certificate. What it may do, `config.identity` says. */
  issue(name: string, options?: IssueOptions): Promise<ClientTls>
  /** Starts it again, with further configuration; resolves once it serves clients. */
  start(config?: TomlTable): Promise<void>
  /** Writes further configuration, which takes a `SIGHUP` or a restart. */
  configure(config: TomlTable): Promise<void>
  /** Resolves, once the process has ended, to its exit status or signal. */
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
  /** Resolves with the first line of the log, from now on or before, that holds a text. */
  logged(text: string): Promise<string>
}

/** Starts `corrald`; resolves once it serves clients. */
export async function startDaemon({ folder, config = {}, tls = false, ...process }: DaemonSetup): Promise<TestDaemon> {
  await mkdir(folder, { recursive: true })
  const ca = tls ? await initCa(join(folder, 'certs'), { hosts: ['localhost', '127.0.0.1'] }) : undefined
  const daemon = new DaemonProcess(folder, ca, process)
  await daemon.start({ ...defaults(folder, ca), ...config })
  return daemon
}

function defaults(folder: string, ca: NewCa | undefined): TomlTable {
  return {
    storageRoot: join(folder, 'root'),
    onStop: 'stop',
    log: { level: 'debug' },
    audit: { path: join(folder, 'audit.log') },
    unix: { path: join(folder, 'corrald.sock'), mode: '0600' },
    ...(ca && {
      tls: {
        listen: '127.0.0.1:0',
        certificate: ca.server.certificate,
        key: ca.server.key,
        ca: ca.ca,
        crl: ca.crl,
      },
      identity: [{ match: 'admin', role: 'admin' }],
    }),
  }
}

class DaemonProcess implements TestDaemon {
  readonly configFile: string
  readonly log: string[] = []
  readonly #ca: NewCa | undefined
  readonly #env: NodeJS.ProcessEnv | undefined
  readonly #program: string
  readonly #listeners = new Set<() => void>()
  #config: TomlTable = {}
  #process: ChildProcess | undefined
  #isStarting = false
  #addresses: readonly string[] = []

  constructor(
    folder: string,
    ca: NewCa | undefined,
    { env, program = corraldBin }: Pick<DaemonSetup, 'env' | 'program'>,
  ) {
    this.#ca = ca
    this.#env = env
    this.#program = program
    this.configFile = join(folder, 'corrald.toml')
  }

  get storageRoot(): string {
    return String(this.#config['storageRoot'])
  }

  get host(): string {
    return `unix://${String((this.#config['unix'] as TomlTable)['path'])}`
  }

  get tlsHost(): string {
    const address = this.#addresses.find((each) => /:\d+$/.test(each))
    if (address === undefined) throw new Error(`no TLS was asked for: ${this.#addresses.join(' ')}`)
    return `https://${address}`
  }

  get ca(): NewCa {
    if (!this.#ca) throw new Error('no TLS was asked for')
    return this.#ca
  }

  get admin(): ClientTls {
    return this.#clientTls(this.ca.admin)
  }

  get process(): ChildProcess {
    return this.#process!
  }

  async issue(name: string, options?: IssueOptions): Promise<ClientTls> {
    return this.#clientTls(await issueCertificate(this.ca.folder, name, options))
  }

  #clientTls({ certificate, key }: IssuedCertificate): ClientTls {
    return { cert: certificate, key, ca: this.ca.ca }
  }

  async start(config: TomlTable = {}): Promise<void> {
    this.#isStarting = true
    await this.configure(config)
    const child = spawn(process.execPath, [this.#program, '--config', this.configFile, '--ready-fd', '3'], {
      stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#env },
    })
    this.#process = child
    this.#isStarting = false
    createInterface(child.stderr!).on('line', (line) => this.#take(line))
    const ready = await text(child.stdio[3] as Readable)
    if (ready === '') {
      await ended(child)
      throw new Error(`corrald did not start:\n${this.log.join('\n')}`)
    }
    this.#addresses = ready.trim().split(' ')
    this.#keepPort()
  }

  /** The next start listens where clients have found it. */
  #keepPort(): void {
    const { tls } = this.#config
    if (tls)
      this.#config = { ...this.#config, tls: { ...(tls as TomlTable), listen: this.tlsHost.slice('https://'.length) } }
  }

  async configure(config: TomlTable): Promise<void> {
    this.#config = { ...this.#config, ...config }
    await writeFile(this.configFile, stringify(this.#config))
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | NodeJS.Signals> {
    this.process.kill(signal)
    return ended(this.process)
  }

  async logged(text: string): Promise<string> {
    for (;;) {
      const line = this.log.find((each) => each.includes(text))
      if (line !== undefined) return line
      const hasEnded = this.process.exitCode !== null || this.process.signalCode !== null
      if (hasEnded && !this.#isStarting) {
        throw new Error(`corrald ended without logging ${text}:\n${this.log.join('\n')}`)
      }
      await new Promise<void>((resolve) => this.#listeners.add(resolve))
    }
  }

  #take(line: string): void {
    this.log.push(line)
    for (const wake of this.#listeners) wake()
    this.#listeners.clear()
  }

  /** One that was killed is started again, to stop what it has left running. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    else await this.start({ onStop: 'stop' }).then(() => this.process.kill('SIGTERM'))
    const how = await ended(this.process)
    await removeJobs(this.storageRoot)
    if (how !== 0) throw new Error(`corrald ended with ${how}:\n${this.log.slice(-20).join('\n')}`)
  }
}

/** Removes what it has kept of jobs that have ended. */
async function removeJobs(storageRoot: string): Promise<void> {
  await using runner = await CgroupRunner.open({ storageRoot, onExit: 'keep' })
  for (const { name } of await runner.list()) await runner.stop(name)
}

/** Resolves to how a process has ended, now or before. */
async function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => void child.once('exit', resolve))
  }
  return child.exitCode ?? child.signalCode!
}
