import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { findResolver } from './resolver.ts'

async function resolverOf(text: string): Promise<Awaited<ReturnType<typeof findResolver>>> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-resolver-'))
  try {
    await writeFile(join(folder, 'resolv.conf'), text)
    return await findResolver(join(folder, 'resolv.conf'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('findResolver', () => {
  it('takes the place of the name servers, and keeps the rest', async () => {
    const resolver = await resolverOf('# host\nnameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch a b\noptions edns0\n')
    expect(resolver).toEqual({
      address: '10.0.2.3',
      text: 'nameserver 10.0.2.3\nsearch a b\noptions edns0\n',
    })
  })

  it('is of the family that the host has name servers of', async () => {
    expect((await resolverOf('nameserver fe80::1%eth0\n'))?.address).toMatch(/^fd.*::3$/)
    expect((await resolverOf('nameserver fd00::1\nnameserver 9.9.9.9'))?.address).toBe('10.0.2.3')
  })

  it('is none where there is nobody to ask', async () => {
    expect(await resolverOf('search a\n')).toBeNull()
    expect(await findResolver('/nowhere/resolv.conf')).toBeNull()
  })
})
