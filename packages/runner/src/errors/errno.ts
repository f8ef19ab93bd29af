import { constants } from 'node:os'
import { resolve } from 'node:path'
import { getSystemErrorMap } from 'node:util'

import { CorralError, type CorralErrorCode } from './corral-error.ts'

/** Second names of errnos that have another. */
const aliases = new Set(['EWOULDBLOCK', 'EOPNOTSUPP'])

/** Names by number: the system's own, as libuv knows fewer, and what only libuv knows. */
const names = new Map<number, string>([
  ...[...getSystemErrorMap()].map(([number, [name]]) => [-number, name] as const),
  ...Object.entries(constants.errno).flatMap(([name, number]) => (aliases.has(name) ? [] : [[number, name] as const])),
])

/** The errno's name of a number (`2` → `ENOENT`). */
export function errnoName(number: number): string {
  return names.get(number) ?? `errno ${number}`
}

/** The errno's number of a name; 0 for one that is not known here. */
export function errnoNumber(name: string): number {
  return constants.errno[name as keyof typeof constants.errno] ?? 0
}

/** What an errno means, in words. */
export function errnoText(name: string): string {
  for (const [code, text] of getSystemErrorMap().values()) if (code === name) return text
  return extraTexts[name] ?? name
}

/** Errnos that libuv has no text for. */
const extraTexts: Record<string, string> = {
  ENOEXEC: 'exec format error',
  ECHILD: 'the process ended before it got there',
  EBADMSG: 'malformed message',
  EDQUOT: 'disk quota exceeded',
  EDEADLK: 'a lock would wait for itself',
  ENOLCK: 'no locks available',
  ESTALE: 'stale file handle',
}

/** A step of a start as the launcher names it: the code of its failure, what was attempted, and what might fix it. */
interface Step {
  code: CorralErrorCode
  attempted: string
  hint?: string
}

const steps: Record<string, Step> = {
  folder: { code: 'STORAGE_UNUSABLE', attempted: "make the job's folder" },
  output: { code: 'STORAGE_UNUSABLE', attempted: "make the job's output file" },
  'output-max': {
    code: 'LIMIT_REFUSED',
    attempted: 'bound the output (outputMax) in',
    hint: "the storage root's file system must be one that makes holes in files, as ext4, XFS, Btrfs and tmpfs are",
  },
  'output-gap': { code: 'STORAGE_UNUSABLE', attempted: 'make the file that says what is dropped of the output in' },
  spec: { code: 'STORAGE_UNUSABLE', attempted: "write the job's spec" },
  reserve: { code: 'STORAGE_UNUSABLE', attempted: 'reserve room for the exit record' },
  identity: { code: 'STORAGE_UNUSABLE', attempted: "write init's record" },
  cgroup: {
    code: 'CGROUP_UNAVAILABLE',
    attempted: "make the job's cgroup",
    hint: 'corral doctor says what is missing',
  },
  'cgroup-kill': {
    code: 'CGROUP_UNAVAILABLE',
    attempted: "open the cgroup's cgroup.kill",
    hint: 'Linux 5.14 or later is needed',
  },
  'join-cgroup': { code: 'CGROUP_UNAVAILABLE', attempted: 'join the cgroup' },
  'oom-group': { code: 'CGROUP_UNAVAILABLE', attempted: 'watch the cgroup for being out of memory' },
  limit: { code: 'LIMIT_REFUSED', attempted: 'write the limit' },
  clone: {
    code: 'NAMESPACE_REFUSED',
    attempted: 'clone into new namespaces',
    hint: 'without root, unprivileged user namespaces must be allowed: corral doctor tells',
  },
  'user-namespace': { code: 'NAMESPACE_REFUSED', attempted: 'map the user into its namespace' },
  'network-namespace': {
    code: 'NAMESPACE_REFUSED',
    attempted: 'make a network namespace',
    hint: 'sysctl user.max_net_namespaces may be too low',
  },
  'mount-propagation': { code: 'NAMESPACE_REFUSED', attempted: 'make the mount tree private' },
  mount: {
    code: 'FENCE_REFUSED',
    attempted: 'mount a file system at',
    hint: 'a target must be there, but in /tmp, /run, /dev/shm, an overlay or a root folder, where it is made',
  },
  'mount-source': { code: 'FENCE_REFUSED', attempted: 'open what is to be mounted,' },
  root: { code: 'FENCE_REFUSED', attempted: "make the job's root" },
  layer: { code: 'STORAGE_UNUSABLE', attempted: 'make the layer of an overlay' },
  keyring: { code: 'FENCE_REFUSED', attempted: 'make a session keyring' },
  hostname: { code: 'FENCE_REFUSED', attempted: 'set the host name' },
  'no-new-privileges': { code: 'FENCE_REFUSED', attempted: 'set no_new_privs' },
  landlock: { code: 'FENCE_REFUSED', attempted: 'set up Landlock' },
  seccomp: { code: 'FENCE_REFUSED', attempted: 'set the system call filter' },
  text: { code: 'STORAGE_UNUSABLE', attempted: "write the job's own version of a file," },
  pasta: {
    code: 'FENCE_REFUSED',
    attempted: "connect the job's private network by",
    hint:
      'a port of `ports` may be taken, or below sysctl net.ipv4.ip_unprivileged_port_start; ' +
      '/dev/net/tun must be there, with mode 0666',
  },
  'pasta-user': { code: 'FENCE_REFUSED', attempted: 'take the rights of root from pasta' },
  'network-filter': {
    code: 'FENCE_REFUSED',
    attempted: 'filter what the job sends',
    hint: 'sysctl net.core.optmem_max may be too low for so many addresses, or kernel.yama.ptrace_scope too high',
  },
  loopback: { code: 'NAMESPACE_REFUSED', attempted: 'raise the loopback interface' },
  'cgroup-namespace': { code: 'NAMESPACE_REFUSED', attempted: 'make a cgroup namespace' },
  fork: {
    code: 'START_FAILED',
    attempted: 'bring the command as far as its exec',
    hint: 'it was killed before, as by a memoryMax that is too small for any program',
  },
  init: { code: 'START_FAILED', attempted: 'set the job up' },
  frame: { code: 'START_FAILED', attempted: 'read the start request' },
  lifeline: { code: 'START_FAILED', attempted: "watch the runner's process" },
  memory: { code: 'START_FAILED', attempted: 'get memory for the start' },
  launcher: { code: 'LAUNCHER_UNAVAILABLE', attempted: 'go on without the launcher' },
  report: { code: 'START_FAILED', attempted: 'open the pipe that tells of the start' },
  stdio: { code: 'START_FAILED', attempted: 'open what every job has open' },
  collect: { code: 'START_FAILED', attempted: 'hand over the root of what is to be collected' },
  files: {
    code: 'FILES_REFUSED',
    attempted: "write the job's file",
    hint: 'the private folder holds as much as workdir.size says, by default 64M',
  },
  signals: { code: 'START_FAILED', attempted: 'reset the signals' },
  session: { code: 'START_FAILED', attempted: 'make a session' },
  rlimits: { code: 'FENCE_REFUSED', attempted: 'set the resource limit' },
  'oom-score': { code: 'START_FAILED', attempted: 'reset the OOM score' },
  capabilities: { code: 'FENCE_REFUSED', attempted: 'drop the capabilities' },
  'host-pid': { code: 'START_FAILED', attempted: 'read the process id' },
  user: { code: 'START_FAILED', attempted: 'become the user' },
  descriptors: { code: 'FENCE_REFUSED', attempted: 'close what the job is not to have open' },
  cwd: { code: 'CWD_UNUSABLE', attempted: 'enter the working directory' },
  stdin: { code: 'START_FAILED', attempted: "open the command's standard input" },
  terminal: { code: 'START_FAILED', attempted: "make or find the command's terminal" },
  enter: { code: 'NAMESPACE_REFUSED', attempted: "enter the job's namespaces" },
  frozen: { code: 'START_FAILED', attempted: 'run a command in the frozen job', hint: 'thaw it first' },
  job: { code: 'CONTROL_FAILED', attempted: 'reach the job' },
  exec: { code: 'COMMAND_NOT_EXECUTABLE', attempted: 'execute the command' },
  shim: { code: 'START_FAILED', attempted: "run the program's own entry as shim" },
}

/** Folders that are a job's own, so that what the host has in them is not there. */
const ownFolders = ['/tmp', '/run', '/dev/shm']

const notThere =
  "the job has a /tmp, /run and /dev/shm of its own, but in the profile 'none': what it needs of the host's there takes a mount (isolation.mounts, --mount)"

const notAllowed =
  "the job's user may not: in the profile 'strict' that is one of the job's own, unless it is given a user"

const notExecuted =
  "in the profile 'strict' nothing is executed from where the job can write: bind it read-only, or see execWritable (--exec-writable)"

/** What might fix a step: for something that is not there, that the job does not see all that the host has. */
function hintFor(step: string, known: Step | undefined, path: string, errno: string): string | undefined {
  if (step === 'cwd' && errno === 'EACCES') return notAllowed
  if (step === 'exec' && errno === 'EACCES') return notExecuted
  const isMissing = errno === 'ENOENT' && (step === 'cwd' || step === 'exec')
  return isMissing && ownFolders.some((folder) => path.startsWith(`${folder}/`)) ? notThere : known?.hint
}

/** Our failure for a step of a start that failed with an errno. `cwd`: what a path that is not absolute is below. */
export function startError(step: string, path: string, errno: string, message = '', cwd = '/'): CorralError {
  const known = steps[step]
  const code = startCode(step, known, errno)
  const attempted = `${known?.attempted ?? step}${path === '' ? '' : ` ${path}`}`
  // Who says itself what is wrong has no errno for it.
  const number = message !== '' && errno === 'EPROTO' ? '' : `${errnoText(errno)} (${errno})`
  const reason = [number, message].filter((part) => part !== '').join(': ')
  const help = hintFor(step, known, path.includes('/') ? resolve(cwd, path) : path, errno)
  const hint = help === undefined ? '' : `; ${help}`
  return new CorralError(code, `could not ${attempted}: ${reason}${hint}`, {
    syscall: step,
    path,
    errno,
  })
}

function startCode(step: string, known: Step | undefined, errno: string): CorralErrorCode {
  if (step === 'exec' && errno === 'ENOENT') return 'COMMAND_NOT_FOUND'
  if (known?.code === 'STORAGE_UNUSABLE' && (errno === 'ENOSPC' || errno === 'EDQUOT')) return 'STORAGE_FULL'
  return known?.code ?? 'START_FAILED'
}

/** Our failure for a Node file system error; `file` is for those that name none, as failed writes do. */
export function fileError(code: CorralErrorCode, attempted: string, cause: unknown, file?: string): CorralError {
  const { code: errno, path = file, syscall } = cause as NodeJS.ErrnoException
  const full = code === 'STORAGE_UNUSABLE' && (errno === 'ENOSPC' || errno === 'EDQUOT')
  const reason = errno === undefined ? String(cause) : `${errnoText(errno)} (${errno})`
  const at = path === undefined || attempted.includes(path) ? '' : ` ${path}`
  return new CorralError(full ? 'STORAGE_FULL' : code, `could not ${attempted}${at}: ${reason}`, {
    cause,
    ...(path !== undefined && { path }),
    ...(syscall !== undefined && { syscall }),
    ...(errno !== undefined && { errno }),
  })
}

/** The system's limits that a refused watch has run into (inotify(7)). */
const watchLimits: Record<string, string> = {
  ENOSPC: 'fs.inotify.max_user_watches',
  EMFILE: 'fs.inotify.max_user_instances',
}

/** Our failure to watch a file. */
export function watchError(attempted: string, cause: unknown): CorralError {
  const { code, message, syscall, path, errno } = fileError('CONTROL_FAILED', attempted, cause)
  const limit = watchLimits[errno ?? '']
  const hint = limit === undefined ? '' : `; raise it with sysctl ${limit}`
  return new CorralError(code, `${message}${hint}`, {
    cause,
    ...(syscall !== undefined && { syscall }),
    ...(path !== undefined && { path }),
    ...(errno !== undefined && { errno }),
  })
}

/** The errno's name of an error, if it has one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
}
