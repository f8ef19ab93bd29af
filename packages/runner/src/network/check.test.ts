import { describe, expect, it } from 'vitest'

import { checkNetwork } from './check.ts'

describe('checkNetwork', () => {
  it('fills defaults in', () => {
    expect(checkNetwork('none')).toBe('none')
    expect(checkNetwork('host')).toBe('host')
    expect(checkNetwork('private')).toEqual({ type: 'private', ports: [], allow: null, dns: true })
  })

  it('resolves no names where an allow-list does not say so', () => {
    expect(checkNetwork({ type: 'private', allow: ['10.0.0.0/8'] })).toMatchObject({ dns: false })
    expect(checkNetwork({ type: 'private', allow: ['10.0.0.0/8'], dns: true })).toMatchObject({ dns: true })
  })

  it.each([
    [undefined, 'isolation.network'],
    [null, 'isolation.network'],
    ['bridge', 'isolation.network'],
    [{}, 'isolation.network.type'],
    [{ type: 'host' }, 'isolation.network.type'],
    [{ type: 'private', port: [] }, 'isolation.network.port'],
    [{ type: 'private', ports: ['x'] }, 'isolation.network.ports[0]'],
    [{ type: 'private', allow: '10.0.0.0/8' }, 'isolation.network.allow'],
    [{ type: 'private', dns: 'no' }, 'isolation.network.dns'],
  ])('refuses %j', (network, option) => {
    expect(() => checkNetwork(network)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', option }))
  })

  it.each([
    ['10.0.0.1/8', /no bit set behind/],
    ['10.0.0.1:443', /ports cannot be told apart/],
    ['[fd00::1]:443', /ports cannot be told apart/],
    ['example.com', /names are not resolved/],
    ['127.0.0.1', /loopback/],
    ['::1', /loopback/],
    ['224.0.0.0/4', /multicast/],
    [5, /an address/],
  ])('says what is wrong with allowing %j', (entry, message) => {
    expect(() => checkNetwork({ type: 'private', allow: [entry] })).toThrow(message)
  })
})
