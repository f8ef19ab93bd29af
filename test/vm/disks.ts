import { execFile } from 'node:child_process'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const MIB = 1024 * 1024

export interface Disks {
  scratch: string
  temporary: string
}

/** Makes the machine's disks, sparse; without mkfs.ext4 the guest's /tmp is a tmpfs. */
export async function prepareDisks(cache: string): Promise<Disks> {
  await mkdir(cache, { recursive: true })
  const scratch = await makeDisk(join(cache, 'scratch.img'), 256 * MIB)
  const temporary = await makeDisk(join(cache, 'temporary.img'), 4096 * MIB, async (path) => {
    const options = ['-q', '-F', '-m', '0', '-O', '^has_journal', '-E', 'lazy_itable_init=1']
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
    await promisify(execFile)('mkfs.ext4', [...options, path], { env }).catch(() => undefined)
  })
  return { scratch, temporary }
}

async function makeDisk(path: string, size: number, format?: (path: string) => Promise<void>): Promise<string> {
  const unfinished = `${path}.${process.pid}`
  const handle = await open(unfinished, 'w')
  await handle.truncate(size)
  await handle.close()
  await format?.(unfinished)
  await rename(unfinished, path)
  return path
}
