import { userInfo } from 'node:os'

import { describe, expect, it } from 'vitest'

import { findAccount } from './user.ts'

const { uid, gid, homedir, username } = userInfo()

describe('findAccount', () => {
  it('is null when nothing is said', async () => {
    expect(await findAccount(undefined, undefined)).toBeNull()
  })

  it('takes the own user, by number or by name, and the own group alone', async () => {
    for (const [user, group] of [
      [uid, undefined],
      [username, undefined],
      [undefined, gid],
      [String(uid), gid],
    ]) {
      expect(await findAccount(user, group)).toMatchObject({ uid, gid, name: username, home: homedir })
    }
  })

  it.each(['no such user', 'nosuchuser', '-x', 'a:b', '', -1, 1.5, 2 ** 32, null])(
    'refuses the user %j',
    async (user) => {
      await expect(findAccount(user, undefined)).rejects.toMatchObject({ option: 'user' })
    },
  )

  it.skipIf(uid !== 0)('takes an id that has no entry', async () => {
    const account = { uid: 54_321, gid: 54_321, groups: [54_321], name: null, home: '/' }
    expect(await findAccount(54_321, undefined)).toEqual(account)
    expect(await findAccount('54321', 54_321)).toEqual(account)
  })
})
