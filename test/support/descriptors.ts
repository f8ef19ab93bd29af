import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, watch } from 'node:fs'
import { promisify } from 'node:util'

/** What Node opens once for its event loop and keeps: not a leak, and what inotify watches is counted by itself. */
const ofTheLoop = /^anon_inode:(inotify|\[eventpoll\]|\[eventfd\]|\[io_uring\])/

/** Files of the tests themselves, which vitest reads, and of Node's own. */
const ofTheRunner = /\/(node_modules|packages|test)\/.*\.(ts|js|mjs|cjs|json|map)$|^\/dev\/(u?random|null|tty)/

let warm: Promise<unknown> | undefined

/** Has Node open what it keeps for good: the pipe that tells it of children, and its inotify. */
export async function warmUp(): Promise<void> {
  warm ??= promisify(execFile)('true')
  watch('/proc/self/exe', { persistent: false }).close()
  await warm
}

/** What this process has open on the tests' behalf, as `FD TARGET`. */
export function openDescriptors(): string[] {
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`]
    } catch {
      // That of the listing itself.
      return []
    }
  })
  return open.filter((line) => !ofTheLoop.test(line.slice(line.indexOf(' ') + 1)) && !ofTheRunner.test(line))
}

/** How many files this process watches. */
export function countWatches(): number {
  const inotify = readdirSync('/proc/self/fd').filter((fd) => readLink(fd) === 'anon_inode:inotify')
  const lines = inotify.flatMap((fd) => readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').split('\n'))
  return lines.filter((line) => line.startsWith('inotify wd:')).length
}

function readLink(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}
