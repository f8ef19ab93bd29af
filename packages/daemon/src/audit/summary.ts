import type { ExecConfig, Isolation, JobConfig, JobService, Limits, Stdin } from '@corral/api'
import type { MessageShape } from '@bufbuild/protobuf'

type Methods = typeof JobService.method
type Request<Method extends keyof Methods> = MessageShape<Methods[Method]['input']>

/** What is said of a request; what is undefined is left out. */
export type Summary = Readonly<Record<string, unknown>>

/**
 * What is said of each request that may change something; null: it changes nothing. Arguments, values of variables and
 * labels, and the contents of files and of standard input may be secret, and are counted only. The types say when a
 * method is missing.
 */
const summaries: { readonly [Method in keyof Methods]: ((request: Request<Method>) => Summary) | null } = {
  start: summarizeStart,
  stop: ({ signal, grace }) => ({ signal, graceMs: milliseconds(grace) }),
  kill: ({ signal, execId }) => ({ signal, exec: execId }),
  writeInput: ({ execId, offset, data, end }) => ({
    exec: execId,
    offset: Number(offset),
    bytes: data.byteLength,
    end: end || undefined,
  }),
  resize: ({ execId }) => ({ exec: execId }),
  update: ({ limits }) => ({ limits: summarizeLimits(limits) }),
  freeze: () => ({}),
  thaw: () => ({}),
  exec: ({ config }) => (config ? summarizeExec(config) : {}),
  remove: ({ execId, force }) => ({ exec: execId, force: force || undefined }),
  get: null,
  list: null,
  wait: null,
  output: null,
  watch: null,
  stats: null,
  changes: null,
  collected: null,
  info: null,
}

/** The methods that may change something. */
export const auditedMethods: readonly string[] = Object.entries(summaries).flatMap(([method, summarize]) =>
  summarize ? [method] : [],
)

/** What is said of a request, without secrets and of limited length. */
export function summarize(method: string, message: unknown): Summary {
  const summary = (summaries[method as keyof Methods] as ((request: unknown) => Summary) | null)?.(message) ?? {}
  return shortened(summary) as Summary
}

/** The job that a request names. */
export function jobOf(message: unknown): string | undefined {
  const { name, config } = message as { name?: unknown; config?: { name?: unknown } }
  const named = name ?? config?.name
  return typeof named === 'string' && named !== '' ? cut(named) : undefined
}

/** By their numbers; the first is none. */
const restartModes = [undefined, 'never', 'on-failure', 'always']

function summarizeStart({ config, restart, priority, requestId }: Request<'start'>): Summary {
  return {
    ...(config && summarizeConfig(config)),
    startId: requestId,
    restart: restart && restartModes[restart.mode],
    priority: priority || undefined,
  }
}

function summarizeConfig(config: JobConfig): Summary {
  const files = Object.values(config.files)
  return {
    ...summarizeExec(config),
    isolation: config.isolation && summarizeIsolation(config.isolation),
    limits: summarizeLimits(config.limits),
    noLimits: config.noLimits || undefined,
    outputMax: config.outputMax,
    files: count(files),
    fileBytes: files.reduce((sum, { data }) => sum + data.byteLength, 0) || undefined,
    collect: count(config.collect?.paths ?? []),
    labels: count(Object.keys(config.labels)),
  }
}

/** What jobs and further commands have in common. */
function summarizeExec(config: JobConfig | ExecConfig): Summary {
  const [program, ...words] = config.command
  return {
    program,
    arguments: words.length,
    user: config.user,
    group: config.group,
    env: count(Object.keys(config.env)),
    stdin: summarizeStdin(config.stdin),
    tty: config.tty ? true : undefined,
    timeoutMs: milliseconds(config.timeout),
  }
}

function summarizeIsolation(isolation: Isolation): Summary {
  const { root, network, seccomp, capabilities, rlimits } = isolation
  return {
    profile: isolation.profile,
    root: root.case === 'rootFolder' ? { directory: root.value.directory, access: root.value.access } : root.value,
    network: network.case === 'privateNetwork' ? { ports: network.value.ports } : network.value,
    allow: network.case === 'privateNetwork' ? network.value.allow?.networks : undefined,
    mounts: isolation.mounts.length
      ? isolation.mounts.map(({ type, source, target }) => ({ type, source, target }))
      : [],
    devices: isolation.devices,
    capabilities: capabilities?.names,
    seccomp: seccomp.case === 'seccompJson' ? 'inline' : seccomp.value,
    rlimits: Object.keys(rlimits),
    uidMap: count(isolation.uidMap),
    gidMap: count(isolation.gidMap),
    noNewPrivileges: isolation.noNewPrivileges,
    landlock: isolation.landlock,
    execWritable: isolation.execWritable,
  }
}

function summarizeLimits(limits: Limits | undefined): Summary | undefined {
  return limits && { ...limits }
}

function summarizeStdin(stdin: Stdin | undefined): unknown {
  if (stdin?.from.case === 'file') return { file: stdin.from.value }
  return stdin?.from.case === 'data' ? { bytes: stdin.from.value.byteLength } : stdin?.from.case
}

function count(values: readonly unknown[]): number | undefined {
  return values.length || undefined
}

function milliseconds(duration: { seconds: bigint; nanos: number } | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1e6
}

const maxText = 200
const maxEntries = 16

function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text
}

/** The same without what says nothing, and with an end to everything. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return cut(value)
  if (Array.isArray(value)) {
    const shown = value.slice(0, maxEntries).map(shortened)
    return value.length > maxEntries ? [...shown, `and ${value.length - maxEntries} more`] : shown
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key, each]) => !key.startsWith('$') && !isNothing(each))
  return Object.fromEntries(entries.map(([key, each]) => [key, shortened(each)]))
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}
