import { basename, dirname } from 'node:path'

import { describe, expect } from 'vitest'

import { handedOut, lacks, lookWords, test, untilGone } from './place.ts'

const all = ['cpu', 'cpuset', 'io', 'memory', 'pids']

describe("root's terminal", () => {
  test('has its jobs in a scope that systemd gives, with every controller', async ({ root }) => {
    const { place, own, status } = await root.look("root's terminal", {
      job: { memoryMax: '64M', cpuMax: '50000 100000', pidsMax: 9 },
    })
    expect(place).toMatchObject({ mode: 'scope', layout: 'unified', missing: {} })
    expect(place.tracking).toMatch(
      /^\/sys\/fs\/cgroup\/system\.slice\/corral-([0-9a-f]+\.[0-9a-f]+)-[0-9a-f]{8}\.scope\/corral-\1$/,
    )
    expect(Object.keys(place.controllers).toSorted()).toEqual(all)
    expect(own).toMatch(/^0::\/user\.slice\/user-0\.slice\/session-t\d+\.scope$/)
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    expect(handedOut(dirname(place.tracking))).toEqual(expect.arrayContaining(all))
  })

  test('is told so by doctor, which has run a job with limits', async ({ root }) => {
    const lines = await root.doctor("root's terminal")
    expect(lacks(lines)).toEqual([])
    expect(lines.get('jobs live in')!.detail).toMatch(
      /\.scope\/corral-[0-9a-f]+\.[0-9a-f]+: systemd runs this host and gives a scope$/,
    )
    expect(lines.get('a job')!.detail).toBe('was started with cpuMax, memoryMax, pidsMax, ran and ended')
    for (const name of all) expect(lines.get(`${name} limits`)).toMatchObject({ ok: true })
    expect(lines.has('logging out')).toBe(false)
  })
})

describe("root's service", () => {
  test('that is delegated has its jobs below its own cgroup, and is in a leaf itself', async ({ root }) => {
    const { place, own } = await root.look("root's service", { job: { memoryMax: '64M' } })
    expect(place).toMatchObject({ mode: 'delegated', missing: {} })
    const service = /^0::(\/system\.slice\/run-\S+\.service)\/runner$/.exec(own)?.[1]
    expect(place.tracking).toMatch(new RegExp(`^/sys/fs/cgroup${service}/corral-[0-9a-f]+\\.[0-9a-f]+$`))
    expect(Object.keys(place.controllers).toSorted()).toEqual(all)
    // The service has ended: so has all that it had.
    await untilGone(`/sys/fs/cgroup${service}`)
  })

  test('that is delegated has its launcher in the leaf too, and hands out its controllers', async ({ root }) => {
    const report = 'for f in cgroup.procs runner/cgroup.procs cgroup.subtree_control; do echo $f: $(cat $c/$f); done'
    const words = lookWords({ job: { command: ['sleep', '0'] } })
      .map((word) => `'${word}'`)
      .join(' ')
    const script = `c=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); ${words} >&2; ${report}`
    const { stdout } = await root.run(['as-service', 'sh', '-c', script])
    expect(stdout).toMatch(
      /^cgroup\.procs:\nrunner\/cgroup\.procs: \d+ \d+.*\ncgroup\.subtree_control: cpuset cpu io memory pids\n$/,
    )
  })

  test('that is delegated but not alone in its cgroup gets a scope', async ({ root }) => {
    // A process that the service has not started: systemd's own child, brought here.
    const stranger = `stranger-${basename(root.path)}`
    const script = [
      'c=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)',
      `systemd-run --quiet --unit=${stranger} sleep 1000`,
      `systemctl show --property=MainPID --value ${stranger} > $c/cgroup.procs`,
      `"$@"; systemctl stop ${stranger}`,
    ].join('\n')
    const { place, own } = await root.look(['as-service', 'sh', '-c', script, 'sh'])
    expect(place.mode).toBe('scope')
    expect(own).toMatch(/\.service$/)
  })

  test('that has made a leaf for itself keeps it', async ({ root }) => {
    // As with DelegateSubgroup= of systemd 254.
    const script =
      'c=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); mkdir $c/main; echo 0 > $c/main/cgroup.procs; exec "$@"'
    const { place, own } = await root.look(['as-service', 'sh', '-c', script, 'sh'])
    expect(own).toMatch(/\.service\/main$/)
    expect(place).toMatchObject({ mode: 'delegated', missing: {} })
    expect(dirname(place.tracking)).toBe(`/sys/fs/cgroup${dirname(own.slice('0::'.length))}`)
  })

  test('that is delegated gets a scope where that is asked for', async ({ root }) => {
    const { place, own, status } = await root.look("root's service", {
      config: { ownScope: true },
      job: { memoryMax: '64M' },
    })
    expect(place).toMatchObject({ mode: 'scope', missing: {} })
    expect(own).toMatch(/\.service$/)
    expect(status).toMatchObject({ exitStatus: 0 })
  })

  test('that is not delegated gets a scope', async ({ root }) => {
    const from = ['systemd-run', '--quiet', '--wait', '--pipe', '--collect', '--same-dir', '--service-type=exec']
    const { place, own } = await root.look([
      ...from,
      '--setenv=PATH',
      '--setenv=HOME',
      '--setenv=CORRAL_STORAGE_ROOT',
      '--',
    ])
    expect(place.mode).toBe('scope')
    expect(own).toMatch(/^0::\/system\.slice\/run-\S+\.service$/)
  })

  test('is told so by doctor', async ({ root }) => {
    const lines = await root.doctor("root's service")
    expect(lacks(lines)).toEqual([])
    expect(lines.get('jobs live in')!.detail).toMatch(
      /: this process's own cgroup, \S+\.service, was handed over to it alone$/,
    )
  })
})
