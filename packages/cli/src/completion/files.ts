import type { Command } from 'commander'

const pathOptions = new Set([
  ...['--workdir', '-w', '--file', '--storage-root', '--cgroup-parent', '--tls-cert', '--tls-key', '--tls-ca'],
  ...['--cert', '--key', '--ca', '--dir'],
])

/**
 * Whether the word that is being typed, the last one, is a file's name: the value of an option that takes a path, or a
 * word of the command that is to be run.
 */
export function wantsFile(program: Command, words: readonly string[]): boolean {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ''
  if (before[0] !== 'run') return pathOptions.has(before.at(-1) ?? '')
  const run = program.commands.find((command) => command.name() === 'run')!
  for (let index = 1; index < before.length; index++) {
    const word = before[index]!
    if (word === '--' || !word.startsWith('-')) return true
    const option = run.options.find(({ long, short }) => word === long || word === short)
    const takesNext = option?.required === true && !word.includes('=')
    if (takesNext && ++index === before.length) return pathOptions.has(word)
  }
  return before.length > 0 && !last.startsWith('-')
}
