import { execFile } from 'node:child_process'
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What the machine loads, in this order. A module that a kernel has built in, or no longer has, is passed over. */
const MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_blk'],
  ...['netfs', 'fscache', '9pnet', '9pnet_virtio', '9p', 'overlay'],
  ...['crc32c_generic', 'crc16', 'mbcache', 'jbd2', 'ext4'],
]

export interface Kernel {
  image: string
  /** The modules to load, in order. */
  modules: { name: string; path: string }[]
}

/** Finds the kernel in the cache, or downloads Debian's and unpacks it there; nothing is installed. */
export async function prepareKernel(cache: string): Promise<Kernel> {
  const folder = join(cache, 'kernel')
  if (!(await exists(folder))) {
    await mkdir(cache, { recursive: true })
    const work = await mkdtemp(join(cache, 'download-'))
    try {
      await download(work)
      await keep(join(work, 'package'), join(work, 'kernel'))
      await rename(join(work, 'kernel'), folder).catch(async (error: unknown) => {
        // Another process was faster: its kernel is as good.
        if (!(await exists(folder))) throw error
      })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
  const present = new Set(await readdir(folder))
  const modules = MODULES.filter((name) => present.has(`${name}.ko`))
  return { image: join(folder, 'image'), modules: modules.map((name) => ({ name, path: join(folder, `${name}.ko`) })) }
}

/** Downloads the package that `linux-image-amd64` stands for, and unpacks it into `work/package`. */
async function download(work: string): Promise<void> {
  const { stdout } = await run('apt-cache', ['depends', 'linux-image-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (name === undefined) throw new Error('apt-cache knows no linux-image-amd64')
  await run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', name], { cwd: work })
  const archive = (await readdir(work)).find((entry) => entry.endsWith('.deb'))
  if (archive === undefined) throw new Error(`apt-get downloaded no ${name}`)
  await run('dpkg', ['-x', join(work, archive), join(work, 'package')])
}

/** Copies the image and the modules that the machine needs out of an unpacked package of 400 MB. */
async function keep(unpacked: string, folder: string): Promise<void> {
  await mkdir(folder)
  const images = await readdir(join(unpacked, 'boot'))
  const image = images.find((name) => name.startsWith('vmlinuz-'))
  if (image === undefined) throw new Error('the kernel package holds no vmlinuz')
  await keepImage(join(unpacked, 'boot', image), folder)
  for (const root of ['lib/modules', 'usr/lib/modules']) {
    const tree = join(unpacked, root)
    if (!(await exists(tree))) continue
    for (const entry of await readdir(tree, { recursive: true })) {
      const [, name, compressed] = /\/([^/]+)\.ko(\.xz)?$/.exec(entry) ?? []
      if (name === undefined || !MODULES.includes(name)) continue
      const target = join(folder, `${name}.ko${compressed ?? ''}`)
      await copyFile(join(tree, entry), target)
      if (compressed !== undefined) await run('xz', ['-d', target])
    }
  }
}

/**
 * Keeps the kernel as the ELF that it is inside of its bzImage: unpacking itself would take the emulated processor 2 s.
 * Where the packed kernel is, its header says: Documentation/x86/boot.rst.
 */
async function keepImage(packed: string, folder: string): Promise<void> {
  const image = await readFile(packed)
  const start = (image.readUInt8(0x1f1) + 1) * 512 + image.readUInt32LE(0x248)
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c))
  if (payload.subarray(1, 5).toString('latin1') !== '7zXZ') return copyFile(packed, join(folder, 'image'))
  // What follows the stream is the unpacked size, for the kernel's own unpacker.
  await writeFile(join(folder, 'image.xz'), payload.subarray(0, -4))
  await run('xz', ['-d', join(folder, 'image.xz')])
}

/** Reads the modules, in their order. */
export async function readModules(kernel: Kernel): Promise<{ name: string; data: Buffer }[]> {
  return Promise.all(kernel.modules.map(async ({ name, path }) => ({ name, data: await readFile(path) })))
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
