import { describe, expect, test } from 'vitest'

import type { Contexts } from './context.ts'
import { formatContexts, parseContexts } from './toml.ts'

const file = '/home/me/.config/corral/contexts.toml'

test.each<Contexts>([
  { current: null, contexts: {} },
  { current: 'box', contexts: { box: { host: 'https://box:7411', cert: '/a "b".crt', key: '/k', ca: '/c' } } },
  { current: null, contexts: { 'a.b': { host: 'unix:///x.sock' }, __proto__x: { host: 'unix:///y' } } },
])('%j is what it was after it has been written', (contexts) => {
  expect(parseContexts(formatContexts(contexts), file)).toEqual(contexts)
})

describe('a damaged file names the line', () => {
  test.each([
    ['current = "box"\n[contexts.box\nhost = "x"\n', /^\/home\/me\/.*contexts\.toml:2: /],
    ['[contexts.box]\nhost = "https://box:1"\ncrt = "/x"\n', /:3: there is no 'crt'; accepted: host, cert, key, ca$/],
    ['[contexts.box]\ncert = "/x"\n', /:1: the context 'box' has no 'host'$/],
    ['[contexts.box]\nhost = "x"\n[contexts.two]\nhost = 7\n', /:4: 'host' is no text$/],
    ['\ncurrent = "none"\n', /:2: 'current' is no context of this file, but "none"$/],
    ['contexts = 3\n', /:1: 'contexts' is no table$/],
    ['curent = "box"\n', /:1: there is no 'curent'; accepted: current, contexts$/],
  ])('%j', (text, message) => expect(() => parseContexts(text, file)).toThrow(message))
})
