import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, realpath, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Console } from './console.ts'
import { compileNodePrograms } from '../support/node-programs.ts'
import { binaries, compilePrograms } from '../support/programs.ts'
import { createConsole } from './console.ts'
import type { Disks } from './disks.ts'
import { prepareDisks } from './disks.ts'
import { packInitramfs } from './initramfs.ts'
import type { Kernel } from './kernel.ts'
import { prepareKernel } from './kernel.ts'
import { startQemu } from './qemu.ts'

export const REPOSITORY = join(import.meta.dirname, '../..')

export interface Machine {
  kernel: Kernel
  disks: Disks
}

export interface BootOptions {
  init: 'busybox' | 'systemd'
  /** A shell script, run by the guest's root in the repository. */
  script: string
  timeoutMs: number
  /** Where the script's output goes while it runs. Default: this process's stdout. */
  print?: (text: string) => void
}

export interface BootResult {
  status: number
  output: string
  /** What the script's tests have appended to CORRAL_SKIP_FILE. */
  skips: string[]
}

/** Gets what every boot needs: the kernel and the disks. Throws when the kernel cannot be had. */
export async function prepareMachine(): Promise<Machine> {
  const cache = process.env['CORRAL_VM_CACHE'] ?? join(REPOSITORY, 'node_modules/.cache/corral-vm')
  const [kernel, disks] = await Promise.all([
    prepareKernel(cache),
    prepareDisks(cache),
    compileNodePrograms(),
    compilePrograms(),
  ])
  return { kernel, disks }
}

/** Boots a machine, runs the script in it, and ends it. Throws when the machine dies or the time is over. */
export async function boot(machine: Machine, options: BootOptions): Promise<BootResult> {
  const { init, script, timeoutMs, print = (text) => process.stdout.write(text) } = options
  const work = await mkdtemp(join(tmpdir(), 'corral-vm-'))
  const remove = (): void => rmSync(work, { recursive: true, force: true })
  process.on('exit', remove)
  try {
    const nonce = randomUUID()
    const orders = { init, nonce, repository: REPOSITORY, keep: await neededFolders(), script }
    const initramfs = join(work, 'initramfs')
    await writeFile(initramfs, await packInitramfs(machine.kernel, orders))
    const serial = createConsole(nonce, print)
    const end = await watch({ image: machine.kernel.image, initramfs, ...machine.disks }, serial, timeoutMs)
    const status = serial.status()
    if (status === undefined) throw new Error(`the ${init} machine ${end}\n${lastWords(serial)}`.trimEnd())
    return { status, output: serial.output(), skips: serial.skips() }
  } finally {
    process.off('exit', remove)
    remove()
  }
}

/** Runs QEMU until the script has ended, QEMU has, or the time is over; says which. QEMU is gone afterwards. */
async function watch(files: Parameters<typeof startQemu>[0], serial: Console, timeoutMs: number): Promise<string> {
  const qemu = startQemu(files)
  const kill = (): void => void qemu.kill('SIGKILL')
  let end = ''
  let complaint = ''
  qemu.stdout?.on('data', (chunk: Buffer) => {
    serial.write(chunk)
    if (serial.status() !== undefined) kill()
  })
  qemu.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const timer = setTimeout(() => {
    end = `did not end within ${timeoutMs / 1000} s and was killed`
    kill()
  }, timeoutMs)
  process.on('exit', kill)
  try {
    await new Promise<void>((resolve, reject) => {
      qemu.on('error', reject)
      qemu.on('close', () => resolve())
    })
  } finally {
    clearTimeout(timer)
    process.off('exit', kill)
  }
  return end || `ended before its script did. ${complaint}`
}

/** The folders that the guest must see although its own /tmp, /var/tmp and /root hide them. */
async function neededFolders(): Promise<string> {
  const modules = await realpath(join(REPOSITORY, 'node_modules')).catch(() => REPOSITORY)
  const needed = new Set([REPOSITORY, modules, binaries, dirname(await realpath(process.execPath))])
  const hidden = [...needed].filter((path) => /^\/(?:tmp|root|var\/tmp)\//.test(path))
  return hidden.map((path) => `${path}\n`).join('')
}

/** What a machine said that did not come as far as the script; what the script said was printed already. */
function lastWords(serial: Console): string {
  return serial.output() === '' ? serial.boot().split('\n').slice(-30).join('\n') : ''
}
