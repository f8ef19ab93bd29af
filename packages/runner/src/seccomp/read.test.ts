import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { readSeccomp } from './index.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-seccomp-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(text: string): Promise<string> {
  const path = join(folder, 'profile.json')
  await writeFile(path, text)
  return path
}

describe('readSeccomp', () => {
  it('keeps all digits of a large value', async () => {
    const path = await write('{"values": [1, 4294967295, 18446744073709551615, 1.5, -1, "18446744073709551615"]}')
    expect(await readSeccomp(path)).toEqual({
      values: [1, 4294967295, 18446744073709551615n, 1.5, -1, '18446744073709551615'],
    })
  })

  it('names a file that is not there', async () => {
    const path = join(folder, 'nothing')
    await expect(readSeccomp(path, 'isolation.seccomp')).rejects.toThrow(
      `isolation.seccomp: received '${path}'; accepted: the path of a profile in OCI's JSON; reading it: ENOENT`,
    )
  })

  it('says what is wrong in a file that is no JSON', async () => {
    await expect(readSeccomp(await write('{"defaultAction": }'))).rejects.toThrow(/this is no JSON: Unexpected token/)
  })
})
