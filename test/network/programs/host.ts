/**
 * A host of its own, as far as its network goes: run in a new network and mount namespace, it has a link to another
 * network, `outside`, and a runner. Takes requests as lines of JSON, `{ id, method, args }`, answers each with
 * `{ id, value }` or `{ id, error }`, and ends with its standard input. With a uid, the runner is that user's.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { CgroupRunner, type JobConfig } from '@corral/runner'

import { addresses } from '../addresses.ts'

const [folder, talk, user] = process.argv.slice(2) as [string, string, string?]
const run = promisify(execFile)

function sh(script: string): void {
  execFileSync('/bin/sh', ['-ec', script])
}

/** A network namespace with servers in it, at the other end of a link. */
async function connectOutside(): Promise<() => void> {
  const { outside, outside6, host, host6 } = addresses
  const script = `read -r go; ip link set lo up; ip link set outside up
    ip address add ${outside}/24 dev outside; ip -6 address add ${outside6}/64 dev outside nodad
    ip address add 169.254.169.254/32 dev lo
    exec ${talk} serve 7 8 53`
  const child = spawn('unshare', ['--net', '/bin/sh', '-ec', `echo up; ${script}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  sh(`ip link set lo up
    ip link add host type veth peer name outside
    ip link set outside netns ${child.pid}
    ip address add ${host}/24 dev host; ip -6 address add ${host6}/64 dev host nodad; ip link set host up
    ip route add default via ${outside}; ip -6 route add default via ${outside6}`)
  child.stdin.end('\n')
  await once(child.stdout, 'data')
  return () => child.kill('SIGKILL')
}

/** What a server of this host's own listens at, on all its addresses. */
async function listenHere(): Promise<() => void> {
  const child = spawn(talk, ['serve', '70'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return () => child.kill('SIGKILL')
}

/** The device that pasta needs may be root's alone on this host, and its resolver may be anywhere. */
function furnish(): void {
  sh('mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200')
  const file = join(folder, 'resolv.conf')
  writeFileSync(file, `nameserver ${addresses.outside}\nsearch test\n`)
  sh(`mount --bind ${file} /etc/resolv.conf`)
}

/** Processes that run pasta's program and are in this network. */
function pastas(): number[] {
  const own = readlinkSync('/proc/self/ns/net')
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8')
      return /^(pasta|passt)/.test(name) && readlinkSync(`/proc/${pid}/ns/net`) === own ? [Number(pid)] : []
    } catch {
      return []
    }
  })
}

const isFurnished = user !== undefined && process.getuid!() !== 0
if (!isFurnished) furnish()
const kill = isFurnished ? [] : [await connectOutside(), await listenHere()]
if (user !== undefined && !isFurnished) {
  const words = ['--reuid', user, '--regid', user, '--clear-groups', process.execPath, ...process.execArgv]
  await once(spawn('setpriv', [...words, ...process.argv.slice(1)], { stdio: 'inherit' }), 'exit')
  for (const stop of kill) stop()
  process.exit()
}
const runner = await CgroupRunner.open({ storageRoot: join(folder, 'root') })

async function outputOf(name: string, until?: string): Promise<string> {
  let text = ''
  for await (const chunk of runner.output(name)) {
    text += Buffer.from(chunk).toString()
    if (until !== undefined && text.includes(until)) break
  }
  return text
}

const methods = {
  /** Runs a job to its end. */
  async run(config: JobConfig) {
    const name = await runner.start(config)
    return { output: await outputOf(name), status: await runner.wait(name) }
  },
  /** Starts a job, and waits until it has printed `ready`. */
  async start(config: JobConfig) {
    const name = await runner.start(config)
    await outputOf(name, 'ready\n')
    return name
  },
  async finish(name: string) {
    return { output: await outputOf(name), status: await runner.wait(name) }
  },
  async stop(name: string) {
    await runner.stop(name)
  },
  /** What a program of this host's gets to hear. */
  async talk(...words: string[]) {
    return (await run(talk, words)).stdout.trim()
  },
  async pid(name: string) {
    return (await runner.status(name)).pid
  },
  async jobs() {
    return (await runner.list()).map((job) => job.name)
  },
  setPath(path: string) {
    const before = process.env['PATH']
    process.env['PATH'] = path
    return before
  },
  pastas,
}

type Method = keyof typeof methods

async function answer(id: number, method: Method, args: never[]): Promise<void> {
  let result: object
  try {
    result = { value: (await (methods[method] as (...given: never[]) => unknown)(...args)) ?? null }
  } catch (error) {
    const { name, code, option, message } = error as Error & { code?: string; option?: string }
    result = { error: { name, code, option, message } }
  }
  process.stdout.write(`${JSON.stringify({ id, ...result })}\n`)
}

process.stdout.write('ready\n')
const requests = createInterface({ input: process.stdin })
for await (const line of requests) {
  const { id, method, args } = JSON.parse(line) as { id: number; method: Method; args: never[] }
  void answer(id, method, args)
}
await runner.close()
for (const stop of kill) stop()
