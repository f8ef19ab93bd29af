import { describe, expect, test } from 'vitest'

import { type Context, findContext } from '../contexts/context.ts'
import type { WhereOptions } from './options.ts'
import { type ContextSource, findPlace } from './place.ts'

const box: Context = { host: 'https://box:7411', cert: '/me.crt', key: '/me.key', ca: '/ca.crt' }

function contextsWith(current: string | null): ContextSource {
  const contexts = { box, shared: { host: 'unix:///run/x.sock' } }
  return { current: async () => current, find: async (name) => findContext({ current, contexts }, name) }
}

function placeFor(options: WhereOptions, env: NodeJS.ProcessEnv = {}, current: string | null = null) {
  return findPlace(options, env, contextsWith(current))
}

const here = { CORRAL_STORAGE_ROOT: '/r' }
const there = { CORRAL_HOST: 'other:7411' }

describe('precedence', () => {
  test.each<[WhereOptions, NodeJS.ProcessEnv, string | null, object]>([
    [{}, {}, null, { at: 'here' }],
    [{}, {}, 'box', { at: 'daemon', host: 'https://box:7411', via: 'the context box' }],
    [{}, there, 'box', { at: 'daemon', host: 'https://other:7411', via: '$CORRAL_HOST' }],
    [{}, here, 'box', { at: 'here' }],
    [{}, { CORRAL_CONTEXT: 'shared' }, 'box', { host: 'unix:///run/x.sock' }],
    [{}, { CORRAL_CONTEXT: 'local' }, 'box', { at: 'here' }],
    [{}, { CORRAL_CONTEXT: '' }, 'box', { host: 'https://box:7411' }],
    [{ host: '/x.sock' }, here, 'box', { at: 'daemon', host: 'unix:///x.sock', via: '--host' }],
    [{ storageRoot: '/s' }, there, 'box', { at: 'here', storageRoot: '/s' }],
    [{ cgroupParent: '/c' }, there, 'box', { at: 'here', cgroupParent: '/c' }],
    [{ context: 'local' }, there, 'box', { at: 'here' }],
    [{ context: 'box' }, here, null, { at: 'daemon', host: 'https://box:7411' }],
  ])('%j with %j and the context %j', async (options, env, current, place) => {
    expect(await placeFor(options, env, current)).toMatchObject(place)
  })
})

describe('contradictions name both sides', () => {
  test.each<[WhereOptions, NodeJS.ProcessEnv, RegExp]>([
    [{ storageRoot: '/s', host: 'x:1' }, {}, /--storage-root \/s and --host x:1 name different places/],
    [{ cgroupParent: '/c', context: 'box' }, {}, /--cgroup-parent \/c and --context box/],
    [{ host: 'x:1', context: 'box' }, {}, /--host x:1 and --context box/],
    [{}, { ...here, ...there }, /\$CORRAL_STORAGE_ROOT \/r and \$CORRAL_HOST other:7411 .*--host or --context/],
  ])('%j with %j', async (options, env, message) => {
    await expect(placeFor(options, env)).rejects.toThrow(message)
  })
})

describe('files of TLS', () => {
  const files = { tlsCert: '/a.crt', tlsKey: '/a.key' }
  const env = { CORRAL_TLS_CERT: '/e.crt', CORRAL_TLS_KEY: '/e.key' }

  test.each<[WhereOptions, NodeJS.ProcessEnv, object]>([
    [{ host: 'x:1', ...files }, env, { cert: '/a.crt', key: '/a.key' }],
    [{ host: 'x:1' }, env, { cert: '/e.crt', key: '/e.key' }],
    [{ context: 'box' }, env, { cert: '/me.crt', key: '/me.key', ca: '/ca.crt' }],
    [{ context: 'box', ...files }, env, { cert: '/a.crt', key: '/a.key', ca: '/ca.crt' }],
    [{ host: '/x.sock' }, env, {}],
  ])('%j', async (options, env, tls) => expect((await placeFor(options, env)) as object).toMatchObject({ tls }))

  test.each<[WhereOptions, RegExp]>([
    [{ host: 'x:1', tlsCert: '/a.crt' }, /--host .* has a certificate and no key/],
    [{ host: '/x.sock', ...files }, /--tls-cert is for an https host, and --host is unix:/],
    [files, /--tls-cert is for a daemon/],
    [{ context: 'boks' }, /no context 'boks'; there are: local, box, shared/],
  ])('%j is refused', async (options, message) => {
    await expect(placeFor(options)).rejects.toThrow(message)
  })
})
