/**
 * `npm run soak -- MINUTES`: has a daemon used in all ways for so long, by eight clients, and looks whether its memory and
 * its descriptors, and those of the launcher, end where they began. It ends with 1 when they do not.
 */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { RemoteRunner } from '@corral/client'

import { launchersBelow } from '../../bench/processes.ts'
import { startDaemon, type TestDaemon } from '../support/daemon.ts'
import { putUnderLoad } from './load.ts'

/** How much of the time is to warm up in, and how long everything has to come to rest. */
const warmUpShare = 0.2
const restMs = 12_000
/** What more than at the beginning is no leak: what V8 keeps depends on when it last collected. */
const allowedKiB = 32 * 1024

interface Reading {
  daemonKiB: number
  daemonDescriptors: number
  launcherKiB: number
  launcherDescriptors: number
}

async function soak(minutes: number): Promise<boolean> {
  const folder = await mkdtemp('/var/tmp/corral-soak-')
  await chmod(folder, 0o755)
  try {
    await using daemon = await startDaemon({ folder, tls: true, config: { log: { level: 'error' } } })
    const loadMs = minutes * 60_000
    await load(daemon, loadMs * warmUpShare)
    const before = await read(daemon)
    await load(daemon, loadMs * (1 - warmUpShare))
    const after = await read(daemon)
    process.stdout.write(`before: ${JSON.stringify(before)}\nafter:  ${JSON.stringify(after)}\n`)
    return isNoMore(before, after)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function load(daemon: TestDaemon, ms: number): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const clients = await Promise.all(
    Array.from({ length: 8 }, async (_, at) => {
      const where = at % 2 === 0 ? { host: daemon.host } : { host: daemon.tlsHost, tls: daemon.admin }
      return stack.use(await RemoteRunner.connect(where))
    }),
  )
  const port = Number(new URL(daemon.tlsHost).port)
  const counts = await putUnderLoad({ clients, port }, AbortSignal.timeout(ms))
  process.stdout.write(`${[...counts].map(([name, count]) => `${count} × ${name}`).join(', ')}\n`)
}

/** What the daemon and the launcher have, once nothing goes on. */
async function read(daemon: TestDaemon): Promise<Reading> {
  await delay(restMs)
  const ours = daemon.process.pid!
  // With the init that it keeps ready.
  const launchers = launchersBelow(daemon.storageRoot)
  return {
    daemonKiB: await residentKiB(ours),
    daemonDescriptors: await descriptors(ours),
    launcherKiB: await sum(launchers.map(residentKiB)),
    launcherDescriptors: await sum(launchers.map(descriptors)),
  }
}

async function sum(numbers: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(numbers)).reduce((total, each) => total + each, 0)
}

async function residentKiB(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1])
}

async function descriptors(pid: number): Promise<number> {
  return (await readdir(join('/proc', String(pid), 'fd'))).length
}

function isNoMore(before: Reading, after: Reading): boolean {
  return (
    after.daemonDescriptors <= before.daemonDescriptors &&
    after.launcherDescriptors <= before.launcherDescriptors &&
    after.daemonKiB <= before.daemonKiB + allowedKiB &&
    after.launcherKiB <= before.launcherKiB + 1024
  )
}

const minutes = Number(process.argv[2] ?? 10)
if (!(minutes > 0)) throw new Error(`received ${process.argv[2]}; accepted: minutes, such as 10`)
process.exitCode = (await soak(minutes)) ? 0 : 1
