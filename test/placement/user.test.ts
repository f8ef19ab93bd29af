import { expect } from 'vitest'

import { lacks, test, untilGone, userId } from './place.ts'

const usersOwn = /^\/sys\/fs\/cgroup\/user\.slice\/user-4242\.slice\/user@4242\.service\/app\.slice\//

/** The user as su(1) or a cron job makes him: in no session, and perhaps with leftovers of another one's. */
function withoutSession(...variables: string[]): string[] {
  const home = ['HOME=/home/corraltest', 'USER=corraltest']
  return ['setpriv', `--reuid=${userId}`, `--regid=${userId}`, '--clear-groups', 'env', ...home, ...variables]
}

test("a user's terminal has its jobs in a scope of his own systemd, and what is missing is named", async ({ home }) => {
  const { place, own, status, output } = await home.look("a user's terminal", {
    job: {
      command: ['sh', '-c', 'id -u; cat /proc/self/uid_map'],
      memoryMax: '64M',
      cpuMax: '50000 100000',
      pidsMax: 9,
    },
  })
  expect(own).toMatch(/^0::\/user\.slice\/user-4242\.slice\/session-t\d+\.scope$/)
  expect(place).toMatchObject({ mode: 'scope', why: 'this user has a systemd and gives a scope' })
  expect(place.tracking).toMatch(usersOwn)
  expect(place.tracking).toMatch(/\/corral-([0-9a-f]+\.[0-9a-f]+)-[0-9a-f]{8}\.scope\/corral-\1$/)
  // What Debian's systemd delegates to a user's.
  expect(Object.keys(place.controllers).toSorted()).toEqual(['cpu', 'memory', 'pids'])
  expect(Object.keys(place.missing).toSorted()).toEqual(['cpuset', 'io'])
  expect(place.missing.io).toMatch(
    /^the io controller was not handed down to \S+: root can, by systemctl edit user@\.service with \[Service\] Delegate=/,
  )
  expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
  // A user namespace of its own, in which there are this user and those for whom root has set ids aside.
  expect(output.replaceAll(/ +/g, ' ')).toBe(`4242\n 0 200000 4242\n 4242 4242 1\n 4243 204242 61293\n`)
})

const profiles = [
  { isolation: 'standard' },
  { isolation: 'standard', user: 'root' },
  { isolation: 'standard', user: 'nobody' },
  { isolation: 'strict' },
  { isolation: 'strict', user: 'corraltest' },
  { isolation: 'none' },
] as const

test("a user's jobs have the profiles that root's have", async ({ home }) => {
  const command = ['sh', '-c', 'id -u; cat /proc/self/cgroup; ls /sys/fs/cgroup | grep -c pids.max']
  for (const job of profiles) {
    const { status, output, error } = await home.look("a user's terminal", { job: { command, pidsMax: 50, ...job } })
    expect({ ...job, error, state: status?.state }).toEqual({ ...job, error: undefined, state: 'exited' })
    if (job.isolation !== 'none') expect(output).toMatch(/^\d+\n0::\/\n1\n$/)
    const uid = { root: 0, nobody: 65_534, corraltest: 4242, none: job.isolation === 'strict' ? undefined : 4242 }
    const expected = uid['user' in job ? job.user : 'none']
    if (expected === undefined) expect(Number(output.split('\n')[0])).toBeGreaterThan(4242)
    else expect(output.split('\n')[0]).toBe(String(expected))
  }
})

test("a user's limits bite", async ({ home }) => {
  // tail keeps a line that does not end.
  const oom = await home.look("a user's terminal", {
    job: { command: ['sh', '-c', 'exec tail < /dev/zero'], memoryMax: '16M' },
  })
  expect(oom.status).toMatchObject({ state: 'oom', oom: true, signal: 'SIGKILL' })

  const fork = 'i=0; while [ $i -lt 9 ]; do sleep 1000 & i=$((i+1)); done; echo all'
  const bomb = await home.look("a user's terminal", { job: { command: ['sh', '-c', fork], pidsMax: 4 } })
  expect(bomb.output).toMatch(/[Cc]annot fork/)
  expect(bomb.output).not.toContain('all')

  const refused = await home.look("a user's terminal", { job: { ioMax: '/tmp wbps=1048576' } })
  expect(refused.error).toMatchObject({
    code: 'LIMIT_REFUSED',
    message: expect.stringMatching(/^ioMax cannot be set here: .*systemctl edit user@\.service/),
  })
})

test("a user's delegated service has its jobs below its own cgroup", async ({ home }) => {
  const { place, own, status } = await home.look("a user's service", { job: { memoryMax: '64M' } })
  expect(place.mode).toBe('delegated')
  expect(place.tracking).toMatch(usersOwn)
  const service = /^0::(\S+\.service)\/runner$/.exec(own)?.[1]
  expect(place.tracking.startsWith(`/sys/fs/cgroup${service}/corral-`)).toBe(true)
  expect(status.exitStatus).toBe(0)
  await untilGone(`/sys/fs/cgroup${service}`)
})

test("a user's service that is not delegated gets a scope", async ({ home }) => {
  const service = [
    'systemd-run',
    '--user',
    '--quiet',
    '--wait',
    '--pipe',
    '--collect',
    '--service-type=exec',
    '--setenv=PATH',
    '--setenv=HOME',
  ]
  const { place, own } = await home.look(['as-user', ...service, '--'], { config: { storageRoot: home.path } })
  expect(own).toMatch(/\/run-\S+\.service$/)
  expect(place.mode).toBe('scope')
})

test('a user who has a systemd is served by it without a session, too', async ({ home }) => {
  await home.run(['systemctl', 'start', `user@${userId}.service`])
  for (const variables of [[], ['XDG_RUNTIME_DIR=/run/user/0', 'DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus']]) {
    const { place } = await home.look(withoutSession(...variables))
    expect(place).toMatchObject({ mode: 'scope', tracking: expect.stringMatching(usersOwn) })
  }
})

test('doctor says to a user what would have to change', async ({ home }) => {
  const lines = await home.doctor("a user's terminal")
  expect(lacks(lines).map(({ ok, what }) => [ok, what])).toEqual([
    ['warn', 'logging out'],
    ['warn', 'cpuset limits'],
    ['warn', 'io limits'],
    ['warn', 'overlays'],
  ])
  expect(lines.get('other users')).toMatchObject({ ok: true, detail: expect.stringContaining('/newuidmap') })
  expect(lines.get('logging out')).toMatchObject({ fix: 'loginctl enable-linger' })
  expect(lines.get('a job')).toMatchObject({
    ok: true,
    detail: 'was started with cpuMax, memoryMax, pidsMax, ran and ended',
  })
})
