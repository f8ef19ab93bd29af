import { describe, expect } from 'vitest'

import { test } from './fixture.ts'

describe('a daemon that is killed', () => {
  test('knows, once it is started again, what became of every job', async ({ openDaemon, connect }) => {
    const daemon = await openDaemon()
    const before = await connect(daemon)
    const running = await before.start({ command: ['sh', '-c', 'echo first; sleep 1000'], name: 'runs' })
    await before.start({ command: ['sh', '-c', 'exit 7'], name: 'ended' })
    expect(await before.wait('ended')).toMatchObject({ exitStatus: 7 })
    expect(await daemon.kill('SIGKILL')).toBe('SIGKILL')
    await daemon.start()
    const after = await connect(daemon)
    expect(await after.status(running)).toMatchObject({ state: 'active' })
    expect(await after.status('ended')).toMatchObject({ exitStatus: 7 })
  })
})
