import { describe, expect, it } from 'vitest'

import { checkPorts } from './ports.ts'

describe('checkPorts', () => {
  it.each([
    [8080, '127.0.0.1', 8080, 8080, 'tcp'],
    ['8080', '127.0.0.1', 8080, 8080, 'tcp'],
    ['8080/udp', '127.0.0.1', 8080, 8080, 'udp'],
    ['8080:80', '127.0.0.1', 8080, 80, 'tcp'],
    ['0.0.0.0:8080:80/tcp', '0.0.0.0', 8080, 80, 'tcp'],
    ['[::1]:53:5353/udp', '::1', 53, 5353, 'udp'],
  ])('reads %j', (given, address, hostPort, jobPort, protocol) => {
    expect(checkPorts('ports', [given])).toEqual([{ address, hostPort, jobPort, protocol }])
  })

  it.each([
    0,
    65536,
    1.5,
    '',
    'http',
    '80:',
    ':80',
    '80-90',
    'localhost:80:80',
    '::1:80:80',
    '[::1]:80',
    '[127.0.0.1]:80:80',
    '[fe80::1%eth0]:80:80',
    '80/sctp',
    null,
  ])('refuses %j', (given) => {
    expect(() => checkPorts('ports', [given])).toThrow(/^ports\[0\]: received/)
  })

  it('refuses what is no list, and a port twice', () => {
    expect(() => checkPorts('ports', 80)).toThrow(/^ports: .*array/)
    expect(() => checkPorts('ports', ['80:1', '80:2'])).toThrow(/^ports\[1\]: .*once/)
    expect(checkPorts('ports', ['80:1', '80:1/udp'])).toHaveLength(2)
  })
})
