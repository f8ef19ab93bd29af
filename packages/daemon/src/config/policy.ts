import { z } from 'zod'

import { duration, flag, list, number, size, table, text, whole, word } from './values.ts'

/** What an identity may use at once. */
export const quota = table({
  maxJobs: whole(0, 1_000_000).exactOptional().describe('Jobs that have not ended, those that wait included.'),
  maxMemory: size().exactOptional().describe('The sum of their memoryMax, which each must then have.'),
  maxCpus: number(0, 100_000)
    .exactOptional()
    .describe('The sum of their CPUs, as of cpuMax, which each must then have.'),
  maxOutput: size().exactOptional().describe('Output that is kept, that of ended jobs included.'),
  maxStartsPerMinute: whole(0, 1_000_000).exactOptional(),
}).transform(({ maxMemory, maxOutput, ...same }) => ({
  ...same,
  ...(maxMemory !== undefined && { maxMemoryBytes: maxMemory }),
  ...(maxOutput !== undefined && { maxOutputBytes: maxOutput }),
}))

const names = (what: string): z.ZodType<string[]> => list(text(what), `a list of ${what}`)
const paths = (): z.ZodType<string[]> => list(text('an absolute path', /^\/[^\0]*$/), 'a list of absolute paths')

/** What is filled in where a job says nothing, and the most that it may ask for. */
function bounds<Value extends z.ZodType>(value: Value) {
  return table({ default: value.exactOptional(), max: value.exactOptional() }).exactOptional()
}

const amount = z.union(
  [z.int().nonnegative({ abort: true }), z.string().regex(/^\d+[KMGT]?$|^max$/, { abort: true })],
  {
    error: "a number of bytes, a size such as '64M', or 'max'",
  },
)
const weight = whole(1, 10_000)

const limits = table({
  cpuMax: bounds(text("a limit such as '50000 100000'")),
  cpuWeight: bounds(weight),
  cpusetCpus: bounds(text("a list of CPUs such as '0-3,8'")),
  memoryMax: bounds(amount),
  memoryHigh: bounds(amount),
  swapMax: bounds(amount),
  ioMax: bounds(names("lines such as '/dev/vda wbps=1048576'")),
  ioWeight: bounds(weight),
  pidsMax: bounds(whole(1, 4_194_304)),
})

const textPairs = (what: string): z.ZodType<Record<string, string>> => {
  const error = `a table of texts: ${what}`
  return z.record(z.string(), z.string({ error }), { error })
}

const nofile = z.union([z.literal('unlimited'), z.int().nonnegative({ abort: true })], {
  error: "a whole number, or 'unlimited'",
})

/** What jobs may be asked to be: docs/policy.md has the table. Lists that are not there are empty: nothing of the kind. */
export const rules = table({
  profile: word('standard', 'strict', 'none').exactOptional().describe("The weakest profile. Default 'strict'."),
  users: names('users, or "*"').exactOptional().describe('Users that a job may be given.'),
  groups: names('groups, or "*"').exactOptional(),
  user: text('a user').exactOptional().describe('The user of every job.'),
  group: text('a group').exactOptional().describe('The group of every job.'),
  idMaps: names("ids such as '100000-165535'").exactOptional().describe('Ids that user namespaces may lead to.'),
  mounts: paths().exactOptional().describe('What may be mounted, writable or not.'),
  readOnlyMounts: paths().exactOptional().describe('What may be mounted read-only, or below an overlay.'),
  roots: names("folders, 'host' or 'overlay'").exactOptional().describe("Folders that may be a job's root."),
  networks: list(word('host', 'private'), "a list of 'host' and 'private'").exactOptional(),
  ports: names("ports such as '8000-8999'").exactOptional().describe('Ports that may be published.'),
  destinations: names("networks such as '10.0.0.0/8'")
    .exactOptional()
    .describe('What a private network leads to at most.'),
  dns: flag().exactOptional().describe('Whether a private network may resolve names.'),
  devices: paths().exactOptional(),
  stdinFiles: paths().exactOptional().describe('Files of the host that may be standard input.'),
  seccompFiles: paths().exactOptional().describe('Profiles of system call filters.'),
  capabilities: names("capabilities such as 'CAP_NET_RAW'").exactOptional(),
  rlimits: z
    .record(z.string(), nofile, { error: 'a table' })
    .exactOptional()
    .describe('The most of each resource limit.'),
  free: list(word('seccomp', 'noNewPrivileges', 'landlock', 'execWritable'), 'a list of options')
    .exactOptional()
    .describe('Options that may be set freely.'),
  noLimits: flag().exactOptional().describe('Whether jobs may run in no cgroup. Default false.'),
  limits: limits.exactOptional().describe('Bounds of limits. Default: a pidsMax of at most 4096.'),
  timeout: bounds(duration()).describe('Wall-clock time. Default: no bound.'),
  stopGrace: bounds(duration()).describe('Time between the stop signal and SIGKILL. Default: at most 10 minutes.'),
  outputMax: bounds(amount).describe('Bytes of output that are kept.'),
  collectMax: bounds(amount).describe('Bytes that are collected. Default: at most 1G.'),
  priorityMax: whole(-1000, 1000).exactOptional().describe('Highest priority in the queue. Default 0.'),
  env: textPairs('the environment').exactOptional().describe('Variables of every job.'),
  labels: textPairs('labels').exactOptional().describe('Labels of every job.'),
}).transform(({ timeout, stopGrace, ...same }) => ({
  ...same,
  ...(timeout && { timeoutMs: timeout }),
  ...(stopGrace && { stopGraceMs: stopGrace }),
}))

/** Who may do what. */
export const identity = table({
  match: text("an identity such as 'alice', 'spiffe://example.org/ci/*', 'unix:bob' or 'unix-group:staff'").describe(
    'Whom it is about; the first entry that matches holds.',
  ),
  role: word('viewer', 'operator', 'admin', 'none'),
  quota: quota.exactOptional().describe('Laid over the quota of all.'),
  rules: rules.exactOptional().describe('Laid over the rules of all.'),
})
