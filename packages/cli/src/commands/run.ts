import type { JobConfig, Limits } from '@corral/runner'
import { type Command, Option } from 'commander'

import type { AttachOptions } from '../foreground/attach.ts'
import { runForeground } from '../foreground/run.ts'
import { addFiles, type FileOptions, readFiles } from '../options/files.ts'
import { addIsolation, givenIsolation, type IsolationOptions } from '../options/isolation.ts'
import { locatePaths } from '../options/host-paths.ts'
import { addLimits, givenLimits } from '../options/limits.ts'
import { addManaged, givenManaged, type ManagedOptions } from '../options/managed.ts'
import { addNetwork } from '../options/network.ts'
import { duration, pair, signal, variable } from '../options/parsers.ts'
import { placeJob, type WorkdirOptions } from '../options/workdir.ts'
import { choosePlace, openPlace } from '../where/open.ts'
import { exitStatusHelp } from '../outcome/exit-status-help.ts'
import { UsageError } from '../outcome/usage-error.ts'
import { writeOut } from '../streams/stdout.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface RunOptions
  extends WhereOptions, AttachOptions, Limits, IsolationOptions, WorkdirOptions, FileOptions, ManagedOptions {
  detach?: true
  name?: string
  env?: Record<string, string>
  user?: string
  group?: string
  label?: Record<string, string>
  outputMax?: string
  timeout?: number
  stopSignal: NodeJS.Signals
  stopGrace: number
  /** False with `--no-limits`, and with nothing else. */
  limits?: boolean
}

export function define(command: Command): void {
  command
    .description(
      'Runs a command as a job and streams its output, both stdout and stderr, to stdout.\n' +
        'SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to it; a second one kills it. At its end it is\n' +
        'removed, but with --detach. When corral itself is killed, it ends too; with a daemon it goes on.',
    )
    .usage('[OPTION…] [--] COMMAND [ARGUMENT…]')
    .argument('<command...>', "the program, by path or looked up in the job's PATH, and its arguments")
    .passThroughOptions()
    .optionsGroup('Options:')
    .option('-d, --detach', 'print the name of the job and leave it running')
    .option('-i, --interactive', 'pass our standard input on to it, to its end (default: it has none)')
    .option('-t, --tty', 'give it a terminal of its own, as large as ours')
    .option('--name <name>', "call the job so (default: 'job.' and a UUID)")
    .option('-e, --env <key=value>', 'set a variable; KEY alone passes on our own; repeatable', variable)
    .option(
      '-w, --workdir <dir>',
      'working directory (default: the current one; with --root DIR, and with a daemon: /)',
    )
    .option('--private-workdir <size>', 'work in a new folder in memory, /tmp/work, of this size')
    .option('-u, --user <user>', 'user to run as, by name or id')
    .option('-g, --group <group>', "group to run as, by name or id (default: the user's)")
    .option(
      '-l, --label <key=value>',
      "a label to find the job by ('corral ps --filter label=KEY=VALUE'); repeatable",
      pair,
    )
    .option('--timeout <time>', 'end the job when it has run for so long: 500ms, 30s, 10m, 2h', duration)
    .option(
      '--output-max <size>',
      'keep so much of its output, the first and the last half: bytes, or with K, M, G or T',
    )
    .addOption(
      new Option('--stop-signal <signal>', 'how it is asked to end').argParser(signal).default('SIGTERM', 'SIGTERM'),
    )
    .addOption(
      new Option('--stop-grace <time>', 'how long it may then take before it is killed')
        .argParser(duration)
        .default(10_000, '10s'),
    )
  addLimits(command).option('--no-limits', 'run it in no cgroup: fenced, but neither limited nor counted')
  addWhere(addManaged(addNetwork(addIsolation(addFiles(command))))).addHelpText('after', epilogue)
}

export async function act(words: string[], options: RunOptions): Promise<number> {
  refuseUnkept(options)
  const { detach, interactive, tty = false } = options
  if (detach && interactive) {
    throw new UsageError('--interactive: a job that is left running would have its input cut off')
  }
  const place = await choosePlace(options)
  const isRemote = place.at === 'daemon'
  const config = {
    ...jobConfig(words, options, isRemote),
    ...givenManaged(options, isRemote),
    ...(options.file && { files: await readFiles(options) }),
  }
  if (!detach)
    return openPlace(place, (runner, daemon) => runForeground(runner, config, options, daemon), { onExit: 'kill' })
  return openPlace(place, async (runner, daemon) => {
    const name = await runner.start({ ...config, tty })
    await writeOut(`${name}\n`)
    if (daemon) await (await import('../foreground/managed.ts')).sayQueued(daemon, name)
    return 0
  })
}

/** A job in the foreground goes with its end, one in the background ends when nobody is there to copy anything. */
function refuseUnkept({ detach, keepChanges, collect = [] }: RunOptions): void {
  if (keepChanges && !detach) throw new UsageError('--keep-changes takes --detach: without it the job goes at its end')
  const given = collect.find(({ destination }) => destination !== null)
  if (!detach || !given) return
  throw new UsageError(
    `--collect ${given.path}:${given.destination} with --detach: leave the destination away, and use 'corral cp' later`,
  )
}

/** What the command line asks for, in the library's terms. */
export function jobConfig(command: readonly string[], options: RunOptions, isRemote = false): JobConfig {
  const { name, env, user, group, label, outputMax, timeout, stopSignal, stopGrace, collect } = options
  const isolation = givenIsolation(options)
  return {
    command,
    stopSignal,
    stopGraceMs: stopGrace,
    ...placeJob(options, isolation && locatePaths(isolation, isRemote), isRemote),
    ...givenLimits(options),
    ...(options.limits === false && { noLimits: true }),
    ...(name !== undefined && { name }),
    ...(env !== undefined && { env }),
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(collect !== undefined && { collect: collect.map(({ path }) => path) }),
    ...(label !== undefined && { labels: label }),
    ...(outputMax !== undefined && { outputMax }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
  }
}

const epilogue = `
${exitStatusHelp}

Examples:
  $ corral run --memory-max 64M --cpu-max '50000 100000' -- sh -c 'echo hello from job $$'
  $ corral run --timeout 10m --pids-max 256 -- make -j4
  $ corral run --io-max '/var wbps=10485760' --env DEBUG=1 --workdir /srv/app -- ./import.sh
  $ corral run --isolation strict --user nobody -v ./data:/data:ro -- ./analyse /data
  $ corral run --root overlay -- npm test
  $ corral run --file main.py --collect out:./results -- python3 main.py
  $ corral run -i -- sort < words > sorted
  $ corral run -it -- bash
  $ corral run --detach --name web --label team=shop --user www-data -- /usr/bin/python3 -m http.server
  $ corral run --host https://build-box:7411 --detach --restart on-failure:5 -- ./worker`
