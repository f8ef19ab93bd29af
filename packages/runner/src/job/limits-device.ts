import { readFile, realpath, stat } from 'node:fs/promises'

import { readMounts } from '../cgroup/mountinfo.ts'
import { InvalidOptionError } from '../errors/mistakes.ts'

const accepted = 'MAJ:MIN of a disk, a device node, or a path on the file system'

/** The `MAJ:MIN` of the whole disk that a device specification means: the block layer throttles disks, not partitions. */
export async function findDisk(option: string, device: string): Promise<string> {
  const number = /^\d+:\d+$/.test(device) ? device : await deviceNumber(option, device)
  const folder = `/sys/dev/block/${number}`
  const own = await readTrimmed(`${folder}/dev`)
  if (own === undefined) throw new InvalidOptionError(option, device, `${accepted}; there is no block device ${number}`)
  if ((await readTrimmed(`${folder}/partition`)) === undefined) return own
  // The folder is a link into the device tree, where a partition lies in its disk.
  const disk = await readTrimmed(`${folder}/../dev`)
  if (disk !== undefined) return disk
  throw new InvalidOptionError(option, device, `${accepted}; ${number} is a partition of no known disk`)
}

async function deviceNumber(option: string, path: string): Promise<string> {
  if (!path.startsWith('/')) throw new InvalidOptionError(option, path, `${accepted}, absolute`)
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidOptionError(option, path, `${accepted}; stat says ${error.code}`)
  })
  if (status.isBlockDevice()) return formatDevice(status.rdev)
  if (status.isCharacterDevice()) throw new InvalidOptionError(option, path, `${accepted}; this is a character device`)
  const number = formatDevice(status.dev)
  return number.startsWith('0:') ? sourceDevice(option, path, number) : number
}

/**
 * The device below a file system whose own number is anonymous (major 0): btrfs has one per subvolume, and is resolved
 * through the source that it was mounted from; overlay, tmpfs, NFS and the like have no disk that could be limited.
 */
async function sourceDevice(option: string, path: string, number: string): Promise<string> {
  const full = await realpath(path)
  const below = (await readMounts()).filter(
    ({ point }) => point === '/' || full === point || full.startsWith(`${point}/`),
  )
  const mount = below.reduce((best, each) => (each.point.length >= best.point.length ? each : best), below[0]!)
  const source = mount.source.startsWith('/') ? await stat(mount.source).catch(() => undefined) : undefined
  if (source?.isBlockDevice()) return formatDevice(source.rdev)
  const why = `${path} is on ${mount.point} (${mount.type}, device ${number}), which has no disk of its own`
  throw new InvalidOptionError(option, path, `${accepted}; ${why}: name the disk below it`)
}

/** `MAJ:MIN` of a dev_t as stat gives it: 12 bits of major, 20 of minor, interleaved (glibc sys/sysmacros.h). */
export function formatDevice(dev: number): string {
  const number = BigInt(dev)
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn)
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn)
  return `${major}:${minor & 0xffffffffn}`
}

async function readTrimmed(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
}
