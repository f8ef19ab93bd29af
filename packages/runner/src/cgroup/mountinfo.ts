import { readFile } from 'node:fs/promises'

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  /** `MAJ:MIN` of the file system. */
  device: string
  /** The directory of the file system that is mounted. */
  root: string
  point: string
  /** The file system's type, such as `cgroup2`. */
  type: string
  source: string
  /** Options of the file system, among them the controllers of a v1 hierarchy. */
  superOptions: readonly string[]
  readOnly: boolean
}

/** All mounts that this process sees, in the order in which they were made. */
export async function readMounts(): Promise<Mount[]> {
  return parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** Parses a mountinfo file. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    // Any number of optional fields stand between the mount options and a lone dash.
    const match = /^\d+ \d+ (\S+) (\S+) (\S+) (\S+)(?: \S+)*? - (\S+) (\S*) (\S*)$/.exec(line)
    if (!match) return []
    const [, device, root, point, options, type, source, superOptions] = match as unknown as string[]
    return {
      device: device!,
      root: unescape(root!),
      point: unescape(point!),
      type: type!,
      source: unescape(source!),
      superOptions: superOptions!.split(','),
      readOnly: [...options!.split(','), ...superOptions!.split(',')].includes('ro'),
    }
  })
}

/** The kernel writes blanks, tabs, newlines and backslashes in paths as three octal digits. */
function unescape(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
