import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Another way to run a command. */
export interface Peer {
  name: string
  /** The program and its arguments that run a command. */
  argv(command: string): readonly string[]
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
  return [
    peer('spawn', 'part of Node', (command) => [command]),
    peer('bwrap', 'apt-get install bubblewrap', (command) => [...bwrap, command]),
    peer('unshare', 'apt-get install util-linux, and root', (command) => [...unshare, command]),
    peer('runc', 'apt-get install runc, and root', runc),
  ]
}

function peer(name: string, remedy: string, argv: Peer['argv']): Peer {
  return { name, remedy, argv, failure: tryOut(argv('/bin/true')) }
}

function tryOut([program, ...words]: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(program!, words, { encoding: 'utf8', timeout: 10_000 })
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
