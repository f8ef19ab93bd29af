import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect } from 'vitest'

import type { Corral } from './corral.ts'
import { test } from './daemon.ts'

/** What a shell script prints and how it ends, here and with a daemon alike. */
interface Same {
  script: string
  stdout: string | RegExp
  exitStatus?: number
  stderr?: string | RegExp
}

const loop = 'while :; do sleep 0.05; done'

const cases: Record<string, Same> = {
  'output, stdout and stderr alike': { script: "corral run -- sh -c 'echo one; echo two >&2'", stdout: 'one\ntwo\n' },
  'an exit status': { script: "corral run -- sh -c 'exit 7'", stdout: '', exitStatus: 7 },
  'a signal': { script: "corral run -- sh -c 'kill -SEGV $$'", stdout: '', exitStatus: 139 },
  'a time-out': {
    script: 'corral run --timeout 200ms --name slow -- sleep 1000',
    stdout: '',
    exitStatus: 124,
    stderr: 'corral: slow ran out of time (timeout 200ms)\n',
  },
  'a command that is not there': {
    script: 'corral run -- /nowhere/at-all',
    stdout: '',
    exitStatus: 127,
    stderr: /^corral: could not execute the command \/nowhere\/at-all: .*\(ENOENT\)\n$/,
  },
  'a command that cannot be executed': {
    script: 'corral run -- /etc/passwd',
    stdout: '',
    exitStatus: 126,
    stderr: /\(EACCES\)/,
  },
  'a refused option': {
    script: 'corral run --memory-max 64Q -- true',
    stdout: '',
    exitStatus: 125,
    stderr: /^corral: --memory-max: received '64Q'; accepted: /,
  },
  'a refused fence': {
    script: 'corral run --rlimit nonsense=1 -- true',
    stdout: '',
    exitStatus: 125,
    stderr: /^corral: --rlimit/,
  },
  'out of memory': {
    script:
      'corral run --memory-max 16M --name big -- sh -c \'x=$(head -c 100000000 /dev/zero | tr "\\0" a); echo $x\'',
    stdout: '',
    exitStatus: 137,
    stderr: /big was killed for memory \(memory-max 16M\)/,
  },
  'nothing is left of a job in the foreground': { script: 'corral run true; corral ps -aq', stdout: '' },
  'standard input': { script: "printf 'b\\na\\n' | corral run -i -- sort", stdout: 'a\nb\n' },
  'much standard input': { script: 'head -c 3000000 /dev/zero | corral run -i -- wc -c', stdout: '3000000\n' },
  'much output': { script: 'corral run -- head -c 20000000 /dev/zero | wc -c', stdout: '20000000\n' },
  'what is not kept of an output is said': {
    script:
      'corral run -d --name big --output-max 64K -- head -c 5000000 /dev/zero; corral wait big; corral logs big | wc -c',
    stdout: 'big\n0\n65536\n',
    stderr: /^corral: 4934464 bytes of the output are not kept: it grew past --output-max\n$/,
  },
  'a reader that goes away ends the job': {
    script: 'corral run yes | head -n 1; corral ps -aq',
    stdout: 'y\n',
  },
  'environment, user and working directory': {
    script: "corral run -e A=1 -u nobody -w /usr -- sh -c 'echo $A; id -un; pwd'",
    stdout: '1\nnobody\n/usr\n',
  },
  'files in': {
    script: 'echo "print me" > given.txt; corral run --file given.txt -- cat given.txt',
    stdout: 'print me\n',
  },
  'files out': {
    script:
      "corral run --file x=/etc/hostname --collect out:got -- sh -c 'mkdir -p out/sub; echo 1 > out/a; echo 2 > out/sub/b'; cat got/a got/sub/b",
    stdout: '1\n2\n',
  },
  'detached: a name, and what becomes of it': {
    script:
      "corral run -d --name web -- sh -c 'echo up; exit 5'; corral wait web; corral logs web; corral rm web; corral ps -aq",
    stdout: 'web\n5\nup\nweb\n',
  },
  'logs of the last lines': {
    script: "corral run -d --name n -- sh -c 'seq 100'; corral wait n; corral logs -n 2 n; corral logs -f -n 0 n",
    stdout: 'n\n0\n99\n100\n',
  },
  'wait for many': {
    script: "corral run -d --name a true; corral run -d --name b -- sh -c 'kill -KILL $$'; corral wait b a none",
    stdout: 'a\nb\n137\n0\n',
    exitStatus: 125,
    stderr: /^corral: no job 'none'/,
  },
  'a job that is not there': {
    script: 'corral status none',
    stdout: '',
    exitStatus: 125,
    stderr: /^corral: no job 'none' under .*'corral ps -a' lists all jobs\)\n$/,
  },
  'a name that is taken': {
    script: 'corral run -d --name web sleep 1000; corral run -d --name web true',
    stdout: 'web\n',
    exitStatus: 125,
    stderr: /web/,
  },
  'ps and its filters': {
    script:
      "corral run -d --name a -l team=shop true; corral run -d --name b sleep 1000; corral wait a; corral ps -q; corral ps -aq; corral ps -q --filter state=exited --filter label=team=shop; corral ps -a | grep -o 'exited 0'",
    stdout: 'a\nb\n0\nb\na\nb\na\nexited 0\n',
  },
  'a beginning of a name': {
    script: 'corral run -d --name web-1 sleep 1000; corral run -d --name web-2 sleep 1000; corral stop -t 0 web',
    stdout: 'web-1\nweb-2\n',
    exitStatus: 125,
    stderr: "corral: 'web' could be any of 2 jobs:\n  web-1\n  web-2\n",
  },
  'status and inspect': {
    script:
      'corral run -d --name web --memory-max 64M -e A=1 -- sleep 1000; corral status web | grep -c -E \'^(name +web|state +active for .*|isolation +standard, .*)$\'; corral status --json web | grep \'^  "state"\'; corral inspect web | grep -o \'"memoryMax": "64M"\'',
    stdout: 'web\n3\n  "state": "active",\n"memoryMax": "64M"\n',
  },
  'kill, and what has ended': {
    script: `corral run -d --name web -- sleep 1000; corral kill -s TERM web; corral wait web; corral kill web`,
    stdout: 'web\nweb\n143\n',
    exitStatus: 125,
    stderr: /web.*has ended/,
  },
  'stop with a grace': {
    script: `corral run -d --name deaf -- sh -c 'trap "" TERM; echo up; ${loop}'; until corral logs deaf | grep up; do sleep 0.1; done; corral stop -t 200ms deaf; corral wait deaf; corral status deaf | grep -c stopped`,
    stdout: 'deaf\nup\ndeaf\n137\n1\n',
  },
  'rm of what runs': {
    script: 'corral run -d --name busy sleep 1000; corral rm busy; corral rm -f busy; corral ps -aq',
    stdout: 'busy\nbusy\n',
    stderr: "corral: busy is running: stop it first ('corral stop busy'), or use 'corral rm -f'\n",
  },
  'freeze, thaw and update': {
    script:
      'corral run -d --name web --pids-max 99 sleep 1000; corral freeze web; corral thaw web; corral update --pids-max 7 web; corral inspect web | grep -o \'"pidsMax": 7\'',
    stdout: 'web\nweb\nweb\nweb\n"pidsMax": 7\n',
  },
  'a further command': {
    script: "corral run -d --name web sleep 1000; corral exec -e A=2 web -- sh -c 'echo $A; exit 3'",
    stdout: 'web\n2\n',
    exitStatus: 3,
  },
  'a further command with input': {
    script:
      "corral run -d --name web sleep 1000; printf 'b\\na\\n' | corral exec -i web -- sort; corral exec web -- nowhere",
    stdout: 'web\na\nb\n',
    exitStatus: 127,
    stderr: /nowhere/,
  },
  'what a job has changed': {
    script:
      "corral run -d --name build --root overlay --keep-changes -- sh -c 'echo x > /etc/corral-test-new'; corral wait build; corral diff build",
    stdout: 'build\n0\nC /etc\nA /etc/corral-test-new\n',
  },
  'cp of what was collected': {
    script:
      "corral run -d --name c --private-workdir 1M --collect out -- sh -c 'mkdir out; echo 1 > out/a; chmod 700 out/a'; corral wait c; mkdir to; corral cp c:out to; corral cp c:out/a b; cat to/out/a b; stat -c %a b; corral cp c:none .",
    stdout: 'c\n0\n1\n1\n700\n',
    exitStatus: 125,
    stderr: /c has no .*\/none to copy/,
  },
  'stats, and a table of all': {
    script:
      "corral run -d --name web --memory-max 64M sleep 1000; corral stats --no-stream web | grep -c -E '^web .* 64M '; corral stats --no-stream --format json web | grep '\"memoryMaxBytes\"'; corral top --once | grep -c -E '^web +active for .* 64M .*sleep 1000$'",
    stdout: 'web\n1\n    "memoryMaxBytes": 67108864,\n1\n',
  },
}

async function check(corral: Corral, { script, stdout, exitStatus = 0, stderr = '' }: Same): Promise<void> {
  const result = await corral.shell(script)
  const expected = {
    exitStatus,
    stdout: typeof stdout === 'string' ? stdout : expect.stringMatching(stdout),
    stderr: typeof stderr === 'string' ? stderr : expect.stringMatching(stderr),
  }
  expect(result).toEqual(expected)
}

describe('the same here and with a daemon', () => {
  test.for(Object.keys(cases))('%s', async (name, { corral, there }) => {
    await check(corral, cases[name]!)
    await check(there, cases[name]!)
  })
})

describe('in the foreground', () => {
  const announce = 'trap "echo got; exit 3" INT TERM HUP; echo ready; while :; do sleep 0.05; done'

  test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s is passed on', async (signal, { there }) => {
    const running = there.start('run', 'sh', '-c', announce)
    await running.until(/ready/)
    running.child.kill(signal)
    expect(await running.end).toEqual({ exitStatus: 3, stdout: 'ready\ngot\n', stderr: '' })
    expect(await there.names()).toEqual([])
  })

  test('the second signal kills', async ({ there }) => {
    const running = there.start('run', 'sh', '-c', 'trap "echo no" INT; echo ready; while :; do sleep 0.05; done')
    await running.until(/ready/)
    running.child.kill('SIGINT')
    await running.until(/no/)
    running.child.kill('SIGINT')
    expect(await running.end).toMatchObject({ exitStatus: 137, stderr: '' })
    expect(await there.names()).toEqual([])
  })

  test('a signal ends a job that would be started again', async ({ there }) => {
    const running = there.start('run', '--restart', 'always', 'sh', '-c', 'echo ready; exec sleep 1000')
    await running.until(/ready/)
    running.child.kill('SIGTERM')
    expect(await running.end).toMatchObject({ exitStatus: 143, stdout: 'ready\n' })
    expect(await there.names()).toEqual([])
  })

  test('a job outlives corral when that is killed', async ({ there }) => {
    const running = there.start('run', '--name', 'on', 'sh', '-c', 'echo ready; exec sleep 1000')
    await running.until(/ready/)
    running.child.kill('SIGKILL')
    await running.end
    expect((await there.run('status', 'on')).stdout).toMatch(/^state +active/m)
  })

  test('a daemon that is restarted under it loses nothing', async ({ there, corrald }) => {
    const gate = join(there.folder, 'gate')
    await there.shell(`mkfifo ${gate}`)
    const script = `echo one; read x < ${gate}; echo two; exit 4`
    const running = there.start('run', '--name', 'web', 'sh', '-c', script)
    await running.until(/one/)
    await corrald.stop('SIGKILL')
    await writeFile(gate, 'go\n')
    await corrald.start()
    expect(await running.end).toEqual({ exitStatus: 4, stdout: 'one\ntwo\n', stderr: '' })
    expect(await there.names()).toEqual([])
  })
})

/** Waits until this job alone is in the state. */
async function listed(there: Corral, filter: string, name: string): Promise<void> {
  const names = async (): Promise<string> => (await there.run('ps', '-q', '--filter', filter)).stdout
  await expect.poll(names, { timeout: 20_000 }).toBe(`${name}\n`)
}

describe('what only a daemon can do', () => {
  test('a job is started again, and all of its attempts are told', async ({ there }) => {
    const script = 'echo again; exit 3'
    await there.detach('--name', 'flaky', '--restart', 'on-failure:1', '--', 'sh', '-c', script)
    expect((await there.run('wait', 'flaky')).stdout).toBe('3\n')
    expect((await there.run('logs', '-f', 'flaky')).stdout).toBe('again\nagain\n')
    const { stdout } = await there.run('status', 'flaky')
    expect(stdout).toMatch(/^restart +on-failure, at most once$/m)
    expect(stdout.match(/^attempt +\d: exited \(exit status 3\) after /gm)).toHaveLength(2)
  })

  test('jobs wait for their turn, by priority', async ({ corrald, there }) => {
    await corrald.stop()
    await corrald.start('[jobs]\nmaxActive = 1\n')
    await there.detach('--name', 'first', 'sleep', '1000')
    const low = await there.run('run', '-d', '--name', 'low', 'true')
    expect(low).toEqual({ exitStatus: 0, stdout: 'low\n', stderr: 'corral: low is queued\n' })
    await there.detach('--name', 'high', '--priority', '5', 'sleep', '1000')
    expect((await there.run('ps')).stdout).toMatch(/^low +queued, 1 before it +- +true$/m)
    expect(await there.run('run', '--no-queue', 'true')).toMatchObject({ exitStatus: 125, stdout: '' })
    await there.run('stop', '-t', '0', 'first')
    await listed(there, 'state=active', 'high')
    expect((await there.run('rm', 'low')).stderr).toMatch(/^corral: low is queued: stop it first/)
  })

  test('a job that cannot be started when its turn comes has failed', async ({ corrald, there }) => {
    await corrald.stop()
    await corrald.start('[jobs]\nmaxActive = 1\n')
    await there.detach('--name', 'first', 'sleep', '1000')
    const running = there.start('run', '--name', 'bad', '/nowhere/at-all')
    await listed(there, 'state=queued', 'bad')
    await there.run('stop', '-t', '0', 'first')
    const { exitStatus, stderr } = await running.end
    expect(exitStatus).toBe(127)
    expect(stderr).toMatch(/^corral: bad is queued\ncorral: bad could not be started: could not execute .*nowhere/)
  })

  test('events tell of the queue too', async ({ corrald, there }) => {
    await corrald.stop()
    await corrald.start('[jobs]\nmaxActive = 1\n')
    const events = there.start('events', '--format', 'ndjson')
    await expect
      .poll(
        async () => {
          await there.run('run', 'true')
          return events.stdout
        },
        { timeout: 60_000 },
      )
      .toContain('"removed"')
    await there.detach('--name', 'first', 'sleep', '1000')
    await there.detach('--name', 'second', 'true')
    await events.until(/"type":"queued","name":"second"/)
  })

  test('info says what the daemon is', async ({ corrald, there }) => {
    const { stdout } = await there.run('info')
    expect(stdout).toMatch(new RegExp(`^daemon +${corrald.host} \\(\\$CORRAL_HOST\\)\nversion +\\d`))
    expect(stdout).toMatch(/^you +\S+, admin$/m)
    expect(JSON.parse((await there.run('info', '--json')).stdout)).toMatchObject({
      host: corrald.host,
      role: 'admin',
      storageRoot: corrald.storageRoot,
    })
  })
})

describe('what is on which side', () => {
  test('the working directory is none of ours, and relative paths are refused', async ({ there }) => {
    expect((await there.run('run', 'pwd')).stdout).toBe('/\n')
    expect(await there.run('run', '-v', './data:/data', 'true')).toMatchObject({
      exitStatus: 125,
      stderr: expect.stringMatching(/mount, \.\/data: it is a path on the daemon's host/),
    })
    expect((await there.run('run', '-w', 'sub', 'true')).stderr).toMatch(/^corral: --workdir sub: it is a path/)
  })

  test('a profile of system calls is read on our side', async ({ there }) => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    }
    await writeFile(join(there.folder, 'mine.json'), JSON.stringify(profile))
    const { stdout } = await there.run(
      'run',
      '--seccomp',
      'mine.json',
      '--',
      'sh',
      '-c',
      'mkdir /tmp/x || echo refused',
    )
    expect(stdout).toMatch(/refused\n$/)
  })

  test('cp makes what was collected as it was', async ({ there }) => {
    const script =
      'mkdir -p out/empty out/deep/er; head -c 3000000 /dev/urandom > out/deep/er/big; sha256sum < out/deep/er/big'
    await there.detach('--name', 'c', '--private-workdir', '16M', '--collect', 'out', '--', 'sh', '-c', script)
    await there.run('wait', 'c')
    await mkdir(join(there.folder, 'to'))
    expect(await there.run('cp', 'c:out', 'to')).toMatchObject({ exitStatus: 0, stderr: '' })
    const sum = await there.shell('sha256sum < to/out/deep/er/big; ls to/out')
    expect(sum.stdout).toBe(`${(await there.run('logs', 'c')).stdout}deep\nempty\n`)
    expect(await readFile(join(there.folder, 'to/out/deep/er/big'))).toHaveLength(3_000_000)
  })
})
