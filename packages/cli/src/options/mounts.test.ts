import { describe, expect, test } from 'vitest'

import { parseMount, parseTmpfs, parseVolume } from './mounts.ts'

describe('--mount', () => {
  test.each([
    ['type=bind,source=/a,target=/b', { type: 'bind', source: '/a', target: '/b' }],
    ['src=/a,dst=/b,readonly', { type: 'bind-ro', source: '/a', target: '/b' }],
    ['src=/a,ro=false', { type: 'bind', source: '/a' }],
    ['type=bind-ro,source=./a', { type: 'bind-ro', source: './a' }],
    ['type=tmpfs,target=/b,size=1G,mode=0700', { type: 'tmpfs', target: '/b', size: '1G', mode: 0o700 }],
    ['type=overlay,source=/a,noexec,nosuid=false', { type: 'overlay', source: '/a', noexec: true, nosuid: false }],
  ])('%s', (text, mount) => expect(parseMount(text)).toEqual(mount))

  test.each([
    ['source=/a,tarket=/b', /no 'tarket'; accepted: type, source, target/],
    ['source=', /source=VALUE/],
    ['type=tmpfs,target=/b,readonly', /readonly/],
    ['source=/a,noexec=maybe', /noexec=true/],
    ['type=tmpfs,target=/b,mode=rwx', /octal/],
  ])('%s is refused', (text, message) => expect(() => parseMount(text)).toThrow(message))
})

describe('--volume', () => {
  test.each([
    ['/a', { type: 'bind', source: '/a' }],
    ['.', { type: 'bind', source: '.' }],
    ['./a:/b', { type: 'bind', source: './a', target: '/b' }],
    ['/a:/b:ro', { type: 'bind-ro', source: '/a', target: '/b' }],
    ['/a:/b:rw,noexec', { type: 'bind', source: '/a', target: '/b', noexec: true }],
  ])('%s', (text, mount) => expect(parseVolume(text)).toEqual(mount))

  test.each([':/b', '/a:', '/a:/b:z', '/a:/b:ro,rw', '/a:/b:ro:x'])('%s is refused', (text) =>
    expect(() => parseVolume(text)).toThrow(/Accepted: SRC/),
  )
})

describe('--tmpfs', () => {
  test.each([
    ['/b', { type: 'tmpfs', target: '/b' }],
    ['/b:64m', { type: 'tmpfs', target: '/b', size: '64m' }],
    ['/b:size=1G,noexec,mode=700', { type: 'tmpfs', target: '/b', size: '1G', noexec: true, mode: 0o700 }],
  ])('%s', (text, mount) => expect(parseTmpfs(text)).toEqual(mount))

  test('what there is none of is refused', () => expect(() => parseTmpfs('/b:uid=0')).toThrow(/no 'uid'/))
})
