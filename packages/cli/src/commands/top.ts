import type { RemoteRunner, Runner } from '@corral/client'
import { type Command, Option } from 'commander'

import { writeOut } from '../streams/stdout.ts'
import { Screen } from '../terminal/screen.ts'
import { formatFrame, formatTop } from '../top/frame.ts'
import { type Order, orders } from '../top/order.ts'
import type { Snapshot } from '../top/row.ts'
import { watchJobs } from '../top/watch.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface TopOptions extends WhereOptions {
  sort?: Order
  once?: true
}

export function define(command: Command): void {
  command
    .description(
      'Shows on the whole screen, once a second, what jobs run, wait for their turn or are to be started\n' +
        'again, and what they use. Where stdout is no terminal, it is printed once.',
    )
    .addOption(new Option('--sort <order>', 'what comes first (default: cpu)').choices(orders))
    .option('--once', 'print it once; CPU and I/O are then the average since the start')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(_: string[], options: TopOptions): Promise<number> {
  const { sort = 'cpu', once } = options
  await withRunner(options, (runner, daemon) =>
    once || !process.stdout.isTTY ? printOnce(runner, daemon, sort) : showLive(runner, daemon, sort),
  )
  return 0
}

async function printOnce(runner: Runner, daemon: RemoteRunner | undefined, order: Order): Promise<void> {
  const quit = new AbortController()
  for await (const { rows } of watchJobs(runner, daemon, quit.signal)) {
    await writeOut(`${formatTop(rows, order).join('\n')}\n`)
    break
  }
  quit.abort()
}

const keys: Readonly<Record<string, Order>> = { c: 'cpu', P: 'cpu', m: 'memory', M: 'memory', i: 'io', n: 'name' }

/** Until `q` is typed, or a signal ends it. */
async function showLive(runner: Runner, daemon: RemoteRunner | undefined, first: Order): Promise<void> {
  const quit = new AbortController()
  const place = daemon ? daemon.storageRoot : `this host, ${runner.storageRoot}`
  let order = first
  let snapshot: Snapshot | undefined
  await using screen = new Screen({
    key: (key) => {
      if (key === 'q') return quit.abort()
      order = keys[key] ?? order
      redraw()
    },
    redraw: () => redraw(),
  })
  const redraw = (): void => {
    if (snapshot) screen.draw(formatFrame(snapshot, { place, order, ...screen.size }))
  }
  try {
    for await (snapshot of watchJobs(runner, daemon, quit.signal)) redraw()
  } catch (error) {
    if (!quit.signal.aborted) throw error
  }
}

const epilogue = `
Keys: c, m, i and n sort by CPU, memory, I/O and name; q quits. CPU % is of one CPU.

Examples:
  $ corral top
  $ corral top --context build-box --sort memory
  $ corral top --once --sort io | head -n 5`
