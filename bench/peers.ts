import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { seccompProgram } from '../packages/runner/src/seccomp/index.ts'

/** Another way to run a command. */
export interface Peer {
  name: string
  /** The program and its arguments that run a command. */
  argv(command: string): readonly string[]
  /** A file that it reads as descriptor 3. */
  input?: string
  /** How it is had where it does not work. */
  remedy: string
  /** Undefined: it works here; else what it said. */
  failure: string | undefined
}

/** Bare `spawn`, and what else fences. Each is tried: one that does not work has a `failure`. */
export function findPeers(folder: string, cleanup: AsyncDisposableStack): Peer[] {
  const bwrap = ['bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev']
  const unshare = ['unshare', '-pmnfiu', '--mount-proc']
  const runc = makeRunc(folder, cleanup)
  const filter = writeFilter(folder)
  return [
    peer('spawn', 'part of Node', (command) => [command]),
    peer('bwrap', 'apt-get install bubblewrap', (command) => [...bwrap, command]),
    peer(fencedBwrap, 'apt-get install bubblewrap', (command) => ['bwrap', ...likeStandard(), command], filter),
    peer('unshare', 'apt-get install util-linux, and root', (command) => [...unshare, command]),
    peer('runc', 'apt-get install runc, and root', runc),
  ]
}

/** bwrap with what it has of the fences of `standard`. */
export const fencedBwrap = 'bwrap, fenced'

/** What Docker leaves a container, less CAP_MKNOD, as `standard` has it. */
const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETGID'],
  ...['SETPCAP', 'SETUID', 'SYS_CHROOT', 'AUDIT_WRITE'],
]

/**
 * The options of bwrap that come next to `standard`: it makes /proc/sys and its like read-only by itself, has no time
 * namespace, and shows no cgroups. The filter is read from descriptor 3.
 */
function likeStandard(): string[] {
  const hidden = ['kcore', 'keys', 'interrupts', 'timer_list', 'kpagecount', 'kpageflags', 'kpagecgroup']
    .map((name) => `/proc/${name}`)
    .filter((path) => existsSync(path))
  return [
    ...['--unshare-all', '--new-session', '--die-with-parent', '--cap-drop', 'ALL'],
    ...capabilities.flatMap((name) => ['--cap-add', `CAP_${name}`]),
    ...['--bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--ro-bind', '/sys', '/sys'],
    ...['/dev/shm', '/tmp', '/run', '/sys/firmware'].flatMap((path) => ['--tmpfs', path]),
    ...hidden.flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...['--seccomp', '3', '--'],
  ]
}

/** The filter of `standard` as a file: an array of struct sock_filter. */
function writeFilter(folder: string): string {
  const file = join(folder, 'seccomp.bpf')
  writeFileSync(file, Buffer.from(seccompProgram('default', { capabilities: [] }), 'hex'))
  return file
}

function peer(name: string, remedy: string, argv: Peer['argv'], input?: string): Peer {
  return { name, remedy, argv, ...(input !== undefined && { input }), failure: tryOut(argv('/bin/true'), input) }
}

function tryOut([program, ...words]: readonly string[], input?: string): string | undefined {
  const fds = input === undefined ? [] : [openSync(input, 'r')]
  const { status, error, stderr } = spawnSync(program!, words, {
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['pipe', 'pipe', 'pipe', ...fds],
  })
  for (const fd of fds) closeSync(fd)
  if (status === 0) return undefined
  return error ? error.message : (/msg="(.*)"/.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1)!)
}

const runcProgram = 'runc'

let containers = 0

/**
 * `runc run` with the bundle that `runc spec` writes, less the terminal and the cgroup mount. The root is a folder into
 * which /usr, and the folder of our own programs, are bound by runc itself: the host's mounts are not touched.
 */
function makeRunc(folder: string, cleanup: AsyncDisposableStack): Peer['argv'] {
  const state = join(folder, 'runc-state')
  const bundles = new Map<string, string>()
  cleanup.defer(() => {
    const { stdout } = spawnSync(runcProgram, ['--root', state, 'list', '-q'], { encoding: 'utf8' })
    for (const id of (stdout ?? '').split('\n').filter(Boolean))
      spawnSync(runcProgram, ['--root', state, 'delete', '-f', id])
  })
  return (command) => {
    const bundle = bundles.get(command) ?? makeBundle(join(folder, `bundle-${bundles.size}`), command, folder)
    bundles.set(command, bundle)
    return [runcProgram, '--root', state, 'run', '--bundle', bundle, `corral-bench-${process.pid}-${++containers}`]
  }
}

interface Bundle {
  root: object
  process: { terminal: boolean; args: string[] }
  mounts: { destination: string; type: string; source: string; options: string[] }[]
}

function makeBundle(bundle: string, command: string, programs: string): string {
  const rootfs = join(bundle, 'rootfs')
  mkdirSync(rootfs, { recursive: true })
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(rootfs, name))
  // Without runc there is no spec either: trying it out will tell.
  if (spawnSync(runcProgram, ['spec'], { cwd: bundle }).status !== 0) return bundle
  const file = join(bundle, 'config.json')
  const spec = JSON.parse(readFileSync(file, 'utf8')) as Bundle
  spec.root = { path: 'rootfs', readonly: true }
  spec.process = { ...spec.process, terminal: false, args: [command] }
  spec.mounts = spec.mounts.filter(({ type }) => type !== 'cgroup')
  for (const source of ['/usr', programs])
    spec.mounts.push({ destination: source, type: 'bind', source, options: ['bind', 'ro'] })
  writeFileSync(file, JSON.stringify(spec))
  return bundle
}
