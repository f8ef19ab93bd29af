import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { getSystemErrorName } from 'node:util'

import { CorralError, type JobConfig } from '@corral/runner'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { seccompProgram } from '../../packages/runner/src/seccomp/index.ts'
import type { SeccompProfile } from '../../packages/runner/src/seccomp/profile.ts'
import type { SeccompChoice } from '../../packages/runner/src/seccomp/program.ts'
import { machines, ownArchitecture } from '../../packages/runner/src/seccomp/target.ts'
import { readProgram, runProgram } from '../support/bpf.ts'
import { runJob } from '../support/jobs.ts'
import { program } from '../support/programs.ts'
import { skipTest } from '../support/skip.ts'
import { test } from '../support/test.ts'
import type { Skip } from '../vm/requirements.ts'

const { table } = machines[ownArchitecture()!]

const family = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, alg: 38, vsock: 40 } as const
const flag = { newns: 0x20000, newuts: 0x4000000, newuser: 0x10000000, fs: 0x200 } as const
const request = { tcgets: 0x5401, tiocsti: 0x5412, tioclinux: 0x541c, tiocsetd: 0x5423 } as const
const capability = { netRaw: 13, sysAdmin: 21 } as const
const { SIGCHLD } = constants.signals

/** What the kernel takes no notice of, in arguments of 32 bits. */
const upperBits = 0xdeadbeefn << 32n

/** A system call by name, with its arguments. */
type Call = readonly [name: string, ...args: (number | bigint)[]]

const notRoot: Skip = {
  what: 'the seccomp filter of a job with capabilities',
  why: 'it makes namespaces, and this process is not root',
  unskip: 'run it as root',
}

/** Runs the fixture under a filter. */
function runUnder(
  hex: string,
  ...words: string[]
): { stdout: string; stderr: string; status: number | null; signal: string | null } {
  const { stdout, stderr, status, signal } = spawnSync(program('seccomp'), [hex, ...words], { encoding: 'utf8' })
  return { stdout, stderr, status, signal }
}

/** The errnos of system calls, by name; `ok` for none. */
function callUnder(hex: string, calls: readonly Call[]): string[] {
  const { stdout, stderr, signal } = runUnder(hex, 'call', ...calls.map(wordOf))
  expect({ stderr, signal }).toEqual({ stderr: '', signal: null })
  return stdout.trim().split('\n').map(errnoName)
}

/** A call, as the fixture takes it. */
function wordOf([name, ...args]: Call): string {
  return [table.numbers[name] ?? name, ...args.map(String)].join(',')
}

function errnoName(errno: string): string {
  return errno === '0' ? 'ok' : getSystemErrorName(-Number(errno))
}

/** Calls, each with its errno under a filter. */
type Errnos = readonly (readonly [Call, errno: string])[]

/** Makes the calls of a list, and has the list with the errnos that they gave. */
function errnosUnder(choice: SeccompChoice, capabilities: readonly number[], list: Errnos): Errnos {
  const calls = list.map(([call]) => call)
  const errnos = callUnder(seccompProgram(choice, { capabilities }), calls)
  return calls.map((call, at) => [call, errnos[at]!])
}

/** What no capability changes, in either profile. */
const always: Errnos = [
  [['getpid'], 'ok'],
  [['clone', SIGCHLD], 'ok'],
  [['clone', flag.newuser | SIGCHLD], 'EPERM'],
  [['clone', upperBits | BigInt(flag.newuser | SIGCHLD)], 'EPERM'],
  [['clone3', 0, 0], 'ENOSYS'],
  [['unshare', flag.fs], 'ok'],
  [['unshare', flag.newuser], 'EPERM'],
  [['setns', -1, 0], 'EPERM'],
  [['ioctl', 0, request.tcgets], 'ENOTTY'],
  [['ioctl', 0, request.tiocsti], 'EPERM'],
  [['ioctl', 0, upperBits | BigInt(request.tiocsti)], 'EPERM'],
  [['ioctl', 0, upperBits | BigInt(request.tioclinux)], 'EPERM'],
  [['socket', family.unix, 1, 0], 'ok'],
  [['socket', family.inet, 1, 0], 'ok'],
  [['socket', family.inet6, 1, 0], 'ok'],
  [['socket', family.alg, 5, 0], 'EAFNOSUPPORT'],
  [['socket', family.vsock, 1, 0], 'EAFNOSUPPORT'],
  [['socket', upperBits | BigInt(family.vsock), 1, 0], 'EAFNOSUPPORT'],
  [['keyctl', 0, 0], 'EPERM'],
  [['io_uring_setup', 1, 0], 'EPERM'],
  [['userfaultfd', 0], 'EPERM'],
  [['kexec_load', 0, 0, 0, 0], 'EPERM'],
  [['5000'], 'ENOSYS'],
]

describe('the filter of the profile standard', () => {
  it('keeps the kernel from making what it refuses', () => {
    const expected: Errnos = [
      ...always,
      [['clone', flag.newns | SIGCHLD], 'EPERM'],
      [['unshare', flag.newuts], 'EPERM'],
      [['unshare', 0x100000], 'EPERM'],
      [['mount', 0, 0, 0, 0, 0], 'EPERM'],
      [['bpf', 0, 0, 0], 'EPERM'],
      [['perf_event_open', 0, 0, 0, 0, 0], 'EPERM'],
      [['socket', family.netlink, 3, 0], 'ok'],
      [['socket', family.netlink, 3, 9], 'EPROTONOSUPPORT'],
      [['socket', family.packet, 3, 0], 'EPERM'],
      [['personality', 0xffffffff], 'ok'],
      [['personality', 0x40000], 'EPERM'],
      [['ptrace', 0x4200, 0, 0, 0], 'ESRCH'],
    ]
    expect(errnosUnder('default', [], expected)).toEqual(expected)
  })

  it('leaves to a job with CAP_SYS_ADMIN what that is for', ({ skip }) => {
    if (process.geteuid?.() !== 0) skipTest(skip, notRoot)
    const expected: Errnos = [
      ...always,
      [['clone', flag.newns | SIGCHLD], 'ok'],
      [['unshare', flag.newuts], 'ok'],
      [['unshare', flag.newuts | flag.newuser], 'EPERM'],
      [['mount', 0, 0, 0, 0, 0], 'EFAULT'],
      [['socket', family.packet, 3, 0], 'ok'],
    ]
    expect(errnosUnder('default', [capability.sysAdmin, capability.netRaw], expected)).toEqual(expected)
  })
})

describe('the filter of the profile strict', () => {
  it('refuses more', () => {
    const expected: Errnos = [
      ...always,
      [['socket', family.netlink, 3, 0], 'EAFNOSUPPORT'],
      [['socket', family.packet, 3, 0], 'EAFNOSUPPORT'],
      [['personality', 0xffffffff], 'EPERM'],
      [['ptrace', 0x4200, 0, 0, 0], 'EPERM'],
      [['process_vm_readv', 1, 0, 0, 0, 0, 0], 'EPERM'],
      [['kcmp', 1, 1, 0, 0, 0], 'EPERM'],
      [['pidfd_getfd', -1, 0, 0], 'EPERM'],
      [['ioctl', 0, upperBits | BigInt(request.tiocsetd)], 'EPERM'],
    ]
    expect(errnosUnder('strict', [], expected)).toEqual(expected)
  })
})

describe.each(['default', 'strict'] as const)('under the filter %s', (choice) => {
  const hex = seccompProgram(choice, { capabilities: [] })

  it('programs run, with threads, processes and sockets', () => {
    const script = `
      const { Worker } = require('node:worker_threads')
      const { execFileSync } = require('node:child_process')
      const server = require('node:net').createServer((socket) => socket.end('socket'))
      server.listen(0, '127.0.0.1', () => {
        const client = require('node:net').connect(server.address().port)
        client.on('data', (text) => {
          server.close()
          console.log(String(text), String(execFileSync('/bin/echo', ['process'])).trim())
          new Worker("require('node:worker_threads').parentPort.postMessage('thread')", { eval: true })
            .on('message', (text) => console.log(text))
        })
      })`
    const { stdout, stderr, status } = runUnder(hex, 'exec', process.execPath, '-e', script)
    expect({ stdout, stderr, status }).toEqual({ stdout: 'socket process\nthread\n', stderr: '', status: 0 })
  })

  it.skipIf(ownArchitecture() !== 'x86_64')('there is no other architecture', () => {
    expect(callUnder(hex, [[String(0x40000000 + table.numbers['getpid']!)]])).toEqual(['ENOSYS'])
    expect(runUnder(hex, 'i386').signal).toBe('SIGSYS')
  })
})

describe('a profile of one’s own', () => {
  const rule = (action: string): SeccompProfile => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['getppid'], action: `SCMP_ACT_${action}` }],
  })
  const getppid = String(table.numbers['getppid'])

  it.each(['KILL', 'KILL_THREAD', 'KILL_PROCESS', 'TRAP'])('can end a process by %s', (action) => {
    const { signal, stdout } = runUnder(seccompProgram(rule(action), { capabilities: [] }), 'call', getppid)
    expect({ signal, stdout }).toEqual({ signal: 'SIGSYS', stdout: '' })
  })

  it('can let a call be made and logged', () => {
    expect(callUnder(seccompProgram(rule('LOG'), { capabilities: [] }), [['getppid']])).toEqual(['ok'])
  })

  it('can give any errno', () => {
    const profile = { ...rule('ERRNO'), syscalls: [{ names: ['getppid'], action: 'SCMP_ACT_ERRNO', errno: 'EXDEV' }] }
    expect(callUnder(seccompProgram(profile, { capabilities: [] }), [['getppid']])).toEqual(['EXDEV'])
  })

  it('compares arguments in the kernel as its program says', () => {
    const operators = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ']
    const values = [0n, 1n, 0xffffffffn, 0x100000000n, 0x100000001n, 0x7fffffff00000001n, 0xffffffffffffffffn]
    const syscalls = operators.flatMap((operator, at) =>
      values.map((value, other) => ({
        names: ['getppid'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 1 + at * values.length + other,
        args: [
          { index: 0, value: at, op: 'SCMP_CMP_EQ' },
          { index: 1, value: other, op: 'SCMP_CMP_EQ' },
          { index: 2, value, op: `SCMP_CMP_${operator}` },
        ],
      })),
    )
    const hex = seccompProgram({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }, { capabilities: [] })
    const instructions = readProgram(Buffer.from(hex, 'hex'))
    const anyValue = fc.oneof(fc.constantFrom(...values), fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }))
    const calls = fc.sample(fc.tuple(fc.nat(operators.length - 1), fc.nat(values.length - 1), anyValue), 500)
    const { stdout } = runUnder(hex, 'call', ...calls.map((args) => [getppid, ...args].join(',')))
    const expected = calls.map((args) => {
      const call = { auditArch: table.auditArch, number: table.numbers['getppid']!, arguments: args.map(BigInt) }
      return runProgram(instructions, call).answer
    })
    expect(stdout.trim().split('\n').map(Number)).toEqual(
      expected.map((answer) => (answer >> 16 === 5 ? answer & 0xffff : 0)),
    )
    expect(new Set(expected).size).toBeGreaterThan(20)
  })
})

describe('a job', () => {
  /** Without the filter, each of these does something. */
  const calls: readonly Call[] = [
    ['socket', family.netlink, 3, 9],
    ['socket', family.netlink, 3, 0],
    ['ptrace', 0x4200, 0, 0, 0],
  ]
  /** A filter of one instruction that allows all. */
  const allowAll = '060000000000ff7f'
  const command = [program('seccomp'), allowAll, 'call', ...calls.map(wordOf)]

  test.for([
    ['standard', 'EPROTONOSUPPORT ok ESRCH'],
    ['strict', 'EAFNOSUPPORT EAFNOSUPPORT EPERM'],
    ['none', 'ok ok ESRCH'],
  ] as const)('of the profile %s has its filter', async ([isolation, errnos], { runner }) => {
    const { output } = await runJob(runner, { command, isolation })
    expect(output.trim().split('\n').map(errnoName).join(' ')).toBe(errnos)
  })

  test('has the filter of a file, or one that is given as it is', async ({ runner, folder }) => {
    const path = join(folder, 'profile.json')
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['uname'], action: 'SCMP_ACT_KILL_PROCESS' }],
    }
    await writeFile(path, JSON.stringify(profile))
    for (const seccomp of [path, profile]) {
      const { status } = await runJob(runner, { command: ['uname'], isolation: { seccomp } })
      expect(status).toMatchObject({ state: 'signaled', signal: 'SIGSYS' })
    }
  })

  test('is not started when its filter keeps it from that', async ({ runner }) => {
    const refuse = (action: string): JobConfig => ({
      command: ['true'],
      isolation: {
        seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['execve', 'execveat'], action }] },
      },
    })
    await expect(runner.start(refuse('SCMP_ACT_ERRNO'))).rejects.toThrow(CorralError)
    await expect(runner.start(refuse('SCMP_ACT_KILL_PROCESS'))).rejects.toThrow(CorralError)
  })

  test('is refused a profile that says nothing', async ({ runner }) => {
    const isolation = { seccomp: { defaultAction: 'ALLOW' } }
    await expect(runner.start({ command: ['true'], isolation })).rejects.toThrow(
      'isolation.seccomp.defaultAction: received',
    )
  })
})
