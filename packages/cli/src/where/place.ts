import { resolve } from 'node:path'

import type { Context, localContext } from '../contexts/context.ts'
import { UsageError } from '../outcome/usage-error.ts'
import type { LocalOptions, WhereOptions } from './options.ts'

/** Files that a daemon is reached with over TLS. */
export interface TlsFiles {
  cert?: string
  key?: string
  ca?: string
}

/** Where jobs are. */
export type Place = Here | There

interface Here extends LocalOptions {
  at: 'here'
}

export interface There {
  at: 'daemon'
  host: string
  tls: TlsFiles
  /** What it was that named it: `--host`. */
  via: string
}

/** The contexts that there are; read only when they matter. */
export interface ContextSource {
  current(): Promise<string | null>
  find(name: string): Promise<Context>
}

/** As the contexts have it, whose code is loaded only where they matter. */
const here: typeof localContext = 'local'

/** One way to say where: an option's name or that of a variable, and what it was given. */
type Said = readonly [what: string, value: string | undefined, kind: 'here' | 'host' | 'context']

/**
 * Where jobs are: what the line says goes before what the environment says, and that before the context in use; else they
 * are here.
 * @throws {UsageError} for a contradiction, which it names both sides of, and for what is not accepted.
 */
export async function findPlace(
  options: WhereOptions,
  env: NodeJS.ProcessEnv,
  contexts: ContextSource,
): Promise<Place> {
  const onLine = onlyOne([
    ['--storage-root', options.storageRoot, 'here'],
    ['--cgroup-parent', options.cgroupParent, 'here'],
    ['--host', options.host, 'host'],
    ['--context', options.context, 'context'],
  ])
  const said = onLine ?? onlyOne(saidBy(env)) ?? (await inUse(contexts))
  const place = await placeOf(said, options, env, contexts)
  const [needless] = Object.keys(tlsOf(options))
  if (place.at === 'daemon' && place.host.startsWith('https:')) return { ...place, tls: checkTls(place) }
  if (needless === undefined) return place.at === 'daemon' ? { ...place, tls: {} } : place
  throw new UsageError(
    place.at === 'daemon'
      ? `--tls-${needless} is for an https host, and ${place.via} is ${place.host}`
      : `--tls-${needless} is for a daemon: name one with --host or --context`,
  )
}

function saidBy(env: NodeJS.ProcessEnv): Said[] {
  return [
    ['$CORRAL_STORAGE_ROOT', env['CORRAL_STORAGE_ROOT'] || undefined, 'here'],
    ['$CORRAL_HOST', env['CORRAL_HOST'] || undefined, 'host'],
    ['$CORRAL_CONTEXT', env['CORRAL_CONTEXT'] || undefined, 'context'],
  ]
}

async function inUse(contexts: ContextSource): Promise<Said | undefined> {
  const name = await contexts.current()
  return name === null ? undefined : ['the context in use', name, 'context']
}

/** The one that was said; two that say the same kind of thing, other than a daemon, go together. */
function onlyOne(ways: readonly Said[]): Said | undefined {
  const [first, ...others] = ways.filter(([, value]) => value !== undefined)
  const other = others.find(([, , kind]) => kind !== first![2])
  if (!first || !other) return first
  throw new UsageError(
    `${first[0]} ${first[1]} and ${other[0]} ${other[1]} name different places: say one of them only` +
      (first[0].startsWith('$') ? ', or --storage-root, --host or --context, which go before both' : ''),
  )
}

async function placeOf(
  said: Said | undefined,
  options: WhereOptions,
  env: NodeJS.ProcessEnv,
  contexts: ContextSource,
): Promise<Place> {
  const [what, value, kind] = said ?? ['', '', 'here']
  if (kind === 'host') {
    const { checkHost } = await import('./host.ts')
    return { at: 'daemon', host: checkHost(value!, what), tls: { ...tlsIn(env), ...tlsOf(options) }, via: what }
  }
  if (kind === 'here' || value === here) return { at: 'here', ...localOf(options) }
  const { host, ...tls } = await contexts.find(value!)
  return { at: 'daemon', host, tls: { ...tls, ...tlsOf(options) }, via: `the context ${value}` }
}

function localOf({ storageRoot, cgroupParent }: LocalOptions): LocalOptions {
  return {
    ...(storageRoot !== undefined && { storageRoot }),
    ...(cgroupParent !== undefined && { cgroupParent }),
  }
}

function tlsOf({ tlsCert, tlsKey, tlsCa }: WhereOptions): TlsFiles {
  return given({ cert: tlsCert, key: tlsKey, ca: tlsCa })
}

function tlsIn(env: NodeJS.ProcessEnv): TlsFiles {
  return given({ cert: env['CORRAL_TLS_CERT'], key: env['CORRAL_TLS_KEY'], ca: env['CORRAL_TLS_CA'] })
}

function given(files: Record<keyof TlsFiles, string | undefined>): TlsFiles {
  const found = Object.entries(files).filter(([, file]) => file !== undefined && file !== '')
  return Object.fromEntries(found.map(([key, file]) => [key, resolve(file!)]))
}

/** Files of TLS fit the host, and are whole. */
function checkTls({ host, tls, via }: There): TlsFiles {
  if ((tls.cert === undefined) === (tls.key === undefined)) return tls
  const [has, lacks] = tls.cert === undefined ? ['key', 'certificate'] : ['certificate', 'key']
  throw new UsageError(
    `${via} (${host}) has a ${has} and no ${lacks}: --tls-cert and --tls-key, or $CORRAL_TLS_CERT and ` +
      '$CORRAL_TLS_KEY, go together',
  )
}
