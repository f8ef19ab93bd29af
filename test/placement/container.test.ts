import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

import { expect } from 'vitest'

import { eventually } from '../support/eventually.ts'
import { cli, lookWords, type Seen, test, untilGone } from './place.ts'

/**
 * What starts a command as a container's runtime does: in a cgroup of its own, which is the top of all that it sees,
 * with no systemd in sight.
 */
function container(cgroup: string, options = 'rw'): string[] {
  const mounts = `umount --lazy /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && mount -o remount,bind,${options} /sys/fs/cgroup && mount -t tmpfs none /run/systemd`
  const enter = `echo $$ > ${cgroup}/cgroup.procs; exec unshare --mount --cgroup sh -c '${mounts} && exec "$@"' sh "$@"`
  return ['sh', '-c', enter, 'sh']
}

/** A cgroup that is the container's, and goes with the test. */
async function withCgroup(name: string, use: (cgroup: string) => Promise<void>): Promise<void> {
  const cgroup = `/sys/fs/cgroup/${name}`
  mkdirSync(cgroup)
  try {
    await use(cgroup)
  } finally {
    writeFileSync(`${cgroup}/cgroup.kill`, '1')
    // Its launcher has been killed with it, and what this one had made is left.
    await untilEmpty(cgroup)
    removeAll(cgroup)
  }
}

async function untilEmpty(cgroup: string): Promise<void> {
  await eventually(() => expect(readFileSync(`${cgroup}/cgroup.events`, 'utf8')).toContain('populated 0'))
}

function removeAll(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) removeAll(`${directory}/${entry.name}`)
  rmdirSync(directory)
}

test('a process alone in its container has its jobs there', async ({ root }) => {
  await withCgroup(basename(root.path), async (cgroup) => {
    const { place, own, status } = await root.look(container(cgroup), { job: { memoryMax: '64M', pidsMax: 9 } })
    expect(own).toBe('0::/runner')
    expect(place).toMatchObject({ mode: 'delegated', missing: {} })
    expect(place.tracking).toMatch(/^\/sys\/fs\/cgroup\/corral-[0-9a-f]+\.[0-9a-f]+$/)
    expect(status).toMatchObject({ state: 'exited', exitStatus: 0 })
    await untilGone(`${cgroup}/${basename(place.tracking)}`)
  })
})

test('where others are in the container too, doctor --fix makes room', async ({ root }) => {
  await withCgroup(basename(root.path), async (cgroup) => {
    // One that it has not started: it is there before.
    await root.run(['sh', '-c', `echo 0 > ${cgroup}/cgroup.procs; sleep 1000 >/dev/null 2>&1 &`])
    const [look, corral] = [lookWords(), [process.execPath, cli]].map((words) =>
      words.map((word) => `'${word}'`).join(' '),
    )
    const steps = [look, `${corral} doctor`, `${corral} doctor --fix`, look].map((step) => `${step}; echo = $?`)
    const { stdout, stderr } = await root.run([...container(cgroup), 'sh', '-c', steps.join('; ')])
    const [first = '', before = '', after = '', last = ''] = stdout.split(/= \d+\n/)
    expect((JSON.parse(first) as Seen).error).toMatchObject({
      code: 'CGROUP_UNAVAILABLE',
      message: expect.stringMatching(
        /^the top of the cgroups that are seen here, \/sys\/fs\/cgroup, holds \d+ processes.*corral doctor --fix moves them to a leaf$/,
      ),
    })
    expect(before).toMatch(/^no +jobs live in +the top of the cgroups/m)
    expect(stderr).toBe('corral: moved the processes to /sys/fs/cgroup/runner\n')
    expect(after).toMatch(/^ok +jobs live in/m)
    expect(stdout.match(/^= \d+/gm)).toEqual(['= 0', '= 1', '= 0', '= 0'])
    expect(JSON.parse(last) as Seen).toMatchObject({
      own: '0::/runner',
      place: { mode: 'delegated', missing: {} },
      status: { exitStatus: 0 },
    })
  })
})

test('a container with read-only cgroups is told so', async ({ root }) => {
  await withCgroup(basename(root.path), async (cgroup) => {
    const { error } = await root.look(container(cgroup, 'ro'))
    expect(error).toMatchObject({
      code: 'CGROUP_UNAVAILABLE',
      message: expect.stringContaining('it is mounted read-only: in a container'),
    })
  })
})
