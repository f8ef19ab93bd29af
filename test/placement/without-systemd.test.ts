import { expect } from 'vitest'

import { test, userId } from './place.ts'

const program = ['setpriv', `--reuid=${userId}`, `--regid=${userId}`, '--clear-groups', 'env', 'HOME=/home/corraltest']

/** With the folder of the host's systemd, or of the user's, out of sight, as on a host that has none. */
function hidden(folder: string): string[] {
  return ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${folder}; exec "$@"`, 'sh']
}

test('a user whose systemd does not run is told how to have it', async ({ home }) => {
  const from = [...hidden('/run/user'), ...program]
  const { error } = await home.look(from)
  expect(error).toMatchObject({
    code: 'CGROUP_UNAVAILABLE',
    message: expect.stringMatching(/loginctl enable-linger corraltest.*--no-limits/s),
  })
  const unlimited = await home.look(from, { job: { noLimits: true } })
  expect(unlimited).toMatchObject({ place: { mode: 'none' }, status: { exitStatus: 0, usage: null } })
  const { exitStatus, stdout } = await home.corral(from, 'doctor')
  expect(exitStatus).toBe(1)
  expect(stdout).toMatch(/^no +jobs live in +.*this user's own systemd does not run/m)
  expect(stdout).not.toMatch(/a job/)
  expect(await home.corral(from, 'run', 'true')).toMatchObject({
    exitStatus: 125,
    stdout: '',
    stderr: expect.stringMatching(/^corral: .*enable-linger/),
  })
})

test('a user without systemd is told what root may do, which works', async ({ home }) => {
  const from = [...hidden('/run/systemd'), ...program]
  const { error } = await home.look(from)
  const commands = /have root hand one over: (.*?) && echo PID > (\S+\/cgroup\.procs)/.exec(error!.message)!
  const handOver = `${commands[1]}; echo $$ > ${commands[2]}; "$@"; rc=$?; echo $$ > /sys/fs/cgroup/cgroup.procs; exit $rc`
  const { place, own, status } = await home.look(['sh', '-c', handOver, 'sh', ...from])
  expect(own).toBe('0::/corraltest/runner')
  expect(place).toMatchObject({
    mode: 'delegated',
    tracking: expect.stringMatching(/^\/sys\/fs\/cgroup\/corraltest\/corral-[0-9a-f]+\.[0-9a-f]+$/),
  })
  expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
  // By now its processes are in a leaf.
  const again = `echo $$ > /sys/fs/cgroup/corraltest/runner/cgroup.procs; "$@"; rc=$?; echo $$ > /sys/fs/cgroup/cgroup.procs; exit $rc`
  for (const job of [{ isolation: 'strict' }, { user: 'root' }, { isolation: 'none' }] as const) {
    const fenced = await home.look(['sh', '-c', again, 'sh', ...from], { job })
    expect({ ...job, ...fenced }).toMatchObject({ ...job, place: { mode: 'delegated' }, status: { exitStatus: 0 } })
  }
})

test('root without systemd has its jobs at the top of the hierarchy', async ({ root }) => {
  const { place, status } = await root.look(hidden('/run/systemd'), { job: { memoryMax: '64M' } })
  expect(place).toMatchObject({ mode: 'root', missing: {} })
  expect(place.tracking).toMatch(/^\/sys\/fs\/cgroup\/corral-[0-9a-f]+\.[0-9a-f]+$/)
  expect(status.exitStatus).toBe(0)
})
