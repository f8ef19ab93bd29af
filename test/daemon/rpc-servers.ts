import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'

import { type Client, createClient, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { JobService } from '@corral/api'
import type { DescService } from '@bufbuild/protobuf'

import { AuditLog } from '../../packages/daemon/src/audit/index.ts'
import type { Caller } from '../../packages/daemon/src/identity/caller.ts'
import type { Jobs } from '../../packages/daemon/src/jobs/index.ts'
import { createPolicy, type PolicyConfig } from '../../packages/daemon/src/policy/index.ts'
import {
  createHandler,
  type DaemonFacts,
  type RpcHandler,
  type RpcLimits,
} from '../../packages/daemon/src/rpc/index.ts'
import { test as base } from './job-managers.ts'

/** Who calls in the tests. Operators may ask for what the tests need. */
const policy: PolicyConfig = {
  rules: { profile: 'standard', users: ['*'], roots: ['overlay'] },
  identities: [
    { match: 'alice', role: 'operator' },
    { match: 'bob', role: 'operator' },
    { match: 'victor', role: 'viewer' },
    { match: 'ada', role: 'admin' },
  ],
}

export interface RpcOptions {
  limits?: RpcLimits
  policy?: PolicyConfig
}

/** Names of sockets are told apart by it. */
let sockets = 0

/** The RPCs of a test's jobs, on a Unix socket for each caller. */
export class RpcServer {
  /** What was logged as a failure. */
  readonly failures: object[] = []
  /** How many streams are open, and what has ended, with its code. */
  readonly streams = new Map<string, number>()
  readonly ended: string[] = []
  readonly #folder: string
  readonly #draining = new AbortController()
  readonly #audit: AuditLog
  readonly #jobs: Jobs
  readonly #options: RpcOptions
  readonly #servers: Http2Server[] = []
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #managers: Http2SessionManager[] = []
  readonly #handler: RpcHandler
  /** Who has sent a request: each socket is somebody's. */
  readonly #callers = new WeakMap<object, Caller>()

  private constructor(folder: string, audit: AuditLog, jobs: Jobs, options: RpcOptions) {
    this.#folder = folder
    this.#audit = audit
    this.#jobs = jobs
    this.#options = options
    this.#handler = this.#createHandler()
  }

  static async open(folder: string, jobs: Jobs, options: RpcOptions): Promise<RpcServer> {
    return new RpcServer(folder, await AuditLog.open({ path: join(folder, 'audit.log') }), jobs, options)
  }

  /** A client that somebody calls with: over gRPC, or Connect's own protocol. Empty: nobody. */
  async client(identity: string, protocol?: 'grpc' | 'connect'): Promise<Client<typeof JobService>> {
    return this.clientOf(JobService, identity, protocol)
  }

  async clientOf<S extends DescService>(service: S, identity: string, protocol = 'grpc'): Promise<Client<S>> {
    return createClient(service, (await this.connect(identity, protocol)).transport)
  }

  /** A connection of its own, with what cuts it. */
  async connect(identity: string, protocol = 'grpc'): Promise<{ transport: Transport; cut: () => void }> {
    const path = await this.#listen(identity)
    const sessionManager = new Http2SessionManager('http://corral', {}, { createConnection: () => connect(path) })
    this.#managers.push(sessionManager)
    const options = { baseUrl: 'http://corral', httpVersion: '2' as const, sessionManager }
    const transport = protocol === 'grpc' ? createGrpcTransport(options) : createConnectTransport(options)
    return { transport, cut: () => sessionManager.abort() }
  }

  /** A connection on which anything can be said. */
  async session(identity: string): Promise<ClientHttp2Session> {
    const path = await this.#listen(identity)
    return connectHttp2('http://corral', { createConnection: () => connect(path) })
  }

  drain(): void {
    this.#draining.abort()
  }

  /** What was written down of requests. */
  async auditLines(): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.#folder, 'audit.log'), 'utf8')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => 'method' in line)
  }

  async close(): Promise<void> {
    for (const manager of this.#managers) manager.abort()
    for (const session of this.#sessions) session.destroy()
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))))
    await this.#audit[Symbol.asyncDispose]()
  }

  async #listen(identity: string): Promise<string> {
    const server = createServer((req, res) => {
      if (identity !== '') this.#callers.set(req, { identity, via: 'tls', from: '192.0.2.1:4000' })
      this.#handler(req, res)
    })
    server.on('session', (session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session))
    })
    const path = join(this.#folder, `rpc-${sockets++}.sock`)
    this.#servers.push(server)
    await new Promise<void>((resolve) => {
      server.listen(path, resolve)
    })
    return path
  }

  #createHandler(): RpcHandler {
    const { limits = {} } = this.#options
    return createHandler(
      {
        jobs: this.#jobs,
        policy: createPolicy(this.#options.policy ?? policy),
        audit: this.#audit,
        log: { debug: () => {}, error: (fields) => this.failures.push(fields) },
        metrics: {
          rpcEnded: (method, code) => this.ended.push(`${method} ${code}`),
          streamOpened: (method) => this.#count(method, 1),
          streamClosed: (method) => this.#count(method, -1),
          outputSent: () => {},
        },
        info: facts,
        limits,
        draining: this.#draining.signal,
      },
      (req) => this.#callers.get(req),
    )
  }

  #count(method: string, more: number): void {
    this.streams.set(method, (this.streams.get(method) ?? 0) + more)
  }
}

const facts: DaemonFacts = {
  version: '0.0.0-test',
  startedAt: new Date(),
  hostname: 'here',
  kernel: '6.1.0',
  architecture: 'x64',
  cpus: 2,
  memoryBytes: 2 ** 34,
  cgroupLayout: 'unified',
  storageRoot: '/var/lib/corral',
  maxActive: null,
}

export interface RpcFixtures {
  serve: (options?: RpcOptions) => Promise<RpcServer>
  server: RpcServer
}

/** A test that calls the real jobs of a storage root through the RPCs. */
export const test = base.extend<RpcFixtures>({
  serve: async ({ jobs, folder }, use) => {
    const servers: RpcServer[] = []
    await use(async (options = {}) => {
      const server = await RpcServer.open(folder, jobs, options)
      servers.push(server)
      return server
    })
    for (const server of servers) await server.close()
  },
  server: async ({ serve }, use) => {
    await use(await serve())
  },
})
