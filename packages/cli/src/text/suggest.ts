import type { Command } from 'commander'

/**
 * Names the options that an unknown one is the beginning of (`--memory`: `--memory-max`), which are too far away for the
 * parser's own guess by edit distance. Empty when there are none, or when it has made a guess.
 */
export function suggestLonger(message: string, command: Command): string {
  const typed = /^error: unknown option '(--[\w-]+)(?:=.*)?'$/.exec(message)?.[1]
  if (typed === undefined) return ''
  const longer = command.options.map(({ long }) => long).filter((long) => long?.startsWith(`${typed}-`))
  if (longer.length === 0) return ''
  return `(Did you mean ${longer.length === 1 ? '' : 'one of '}${longer.join(', ')}?)\n`
}
