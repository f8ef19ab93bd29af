import type { Command, OptionValues } from 'commander'

/** What a subcommand's file exports. */
export interface CommandModule {
  /** Adds options, arguments and help. */
  define(command: Command): void
  /** Does it; resolves to the exit status. A group of commands does nothing by itself. */
  act?(words: string[], options: OptionValues): Promise<number>
}

/** A subcommand as the program knows it before its file is loaded. */
export interface CommandEntry {
  name: string
  summary: string
  /** The heading that the help has it below. */
  group?: string
  hidden?: boolean
  /** Commands of its own: `corral context use`. */
  commands?: readonly CommandEntry[]
  load(): Promise<CommandModule>
}

const [running, looking, steering, host] = ['Run:', 'Look:', 'Steer:', 'Set up:'] as const

/** All subcommands, in the order of the help. */
export const commands: readonly CommandEntry[] = [
  { name: 'run', summary: 'run a command as a job', group: running, load: () => import('./run.ts') },
  { name: 'exec', summary: 'run a further command in a running job', group: running, load: () => import('./exec.ts') },
  { name: 'ps', summary: 'list jobs', group: looking, load: () => import('./ps.ts') },
  { name: 'logs', summary: "print a job's output", group: looking, load: () => import('./logs.ts') },
  {
    name: 'status',
    summary: 'say how a job is doing, or how it ended',
    group: looking,
    load: () => import('./status.ts'),
  },
  { name: 'stats', summary: 'show what jobs use, live', group: looking, load: () => import('./stats.ts') },
  { name: 'top', summary: 'watch all jobs on the whole screen', group: looking, load: () => import('./top.ts') },
  {
    name: 'inspect',
    summary: 'print all that is known of a job, as JSON',
    group: looking,
    load: () => import('./inspect.ts'),
  },
  {
    name: 'diff',
    summary: 'list what a job has changed in its overlay',
    group: looking,
    load: () => import('./diff.ts'),
  },
  { name: 'cp', summary: 'copy what was collected from a job', group: looking, load: () => import('./cp.ts') },
  { name: 'events', summary: 'tell what happens to jobs', group: looking, load: () => import('./events.ts') },
  {
    name: 'wait',
    summary: 'wait for jobs to end and print their exit statuses',
    group: steering,
    load: () => import('./wait.ts'),
  },
  { name: 'stop', summary: 'ask jobs to end, then kill them', group: steering, load: () => import('./stop.ts') },
  { name: 'kill', summary: 'send a signal to jobs', group: steering, load: () => import('./kill.ts') },
  { name: 'rm', summary: 'forget ended jobs and delete their output', group: steering, load: () => import('./rm.ts') },
  {
    name: 'freeze',
    summary: 'stop all processes of jobs in their tracks',
    group: steering,
    load: () => import('./freeze.ts'),
  },
  { name: 'thaw', summary: 'let frozen jobs go on', group: steering, load: () => import('./thaw.ts') },
  { name: 'update', summary: "change a running job's limits", group: steering, load: () => import('./update.ts') },
  {
    name: 'context',
    summary: 'give daemons names, and say which one commands go to',
    group: host,
    load: () => import('./context.ts'),
    commands: [
      { name: 'create', summary: 'name a daemon', load: () => import('./context/create.ts') },
      { name: 'use', summary: 'have commands go to a daemon', load: () => import('./context/use.ts') },
      { name: 'ls', summary: 'list contexts', load: () => import('./context/ls.ts') },
      { name: 'show', summary: 'print a context', load: () => import('./context/show.ts') },
      { name: 'rm', summary: 'forget contexts', load: () => import('./context/rm.ts') },
    ],
  },
  {
    name: 'certs',
    summary: 'make certificates for a daemon and its clients',
    group: host,
    load: () => import('./certs.ts'),
    commands: [
      { name: 'init', summary: 'make a certificate authority', load: () => import('./certs/init.ts') },
      { name: 'issue', summary: 'make a certificate', load: () => import('./certs/issue.ts') },
      { name: 'revoke', summary: 'have a certificate refused', load: () => import('./certs/revoke.ts') },
    ],
  },
  {
    name: 'info',
    summary: 'say what runs jobs: a daemon, or this host',
    group: host,
    load: () => import('./info.ts'),
  },
  {
    name: 'doctor',
    summary: 'say what this host can do, and what to do about what it cannot',
    group: host,
    load: () => import('./doctor.ts'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    group: host,
    load: () => import('./completion.ts'),
  },
  {
    name: 'complete',
    summary: 'answer a completion script',
    group: host,
    hidden: true,
    load: () => import('./complete.ts'),
  },
]
