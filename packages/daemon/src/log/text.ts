import type { DestinationStream } from 'pino'

/** Levels as systemd's journal has them (sd-daemon(3)). */
const priorities: Readonly<Record<string, number>> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3, fatal: 2 }

/** What a log writes to; flushed with it. */
interface Lines extends DestinationStream {
  flush?(callback?: (error?: Error) => void): void
}

/** Turns each line of JSON into one to be read: `TIME LEVEL MESSAGE key=value …`; for the journal `<PRIORITY>MESSAGE …`. */
export function textLines(lines: Lines, isForJournal: boolean): Lines {
  return {
    write: (line) => lines.write(textLine(line, isForJournal)),
    flush: (callback) => lines.flush?.(callback),
  }
}

function textLine(line: string, isForJournal: boolean): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>
  const priority = priorities[String(level)] ?? 6
  const start = isForJournal ? `<${priority}>` : `${String(time)} ${String(level).padEnd(5)} `
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${valueText(value)}`)
  const [reason, ...stack] = errorLines(err)
  const text = [typeof msg === 'string' ? plain(msg) : '', ...pairs, ...(reason === undefined ? [] : [reason])]
  const more = stack.map((each) => `${isForJournal ? `<${priority}>` : ''}    ${each}\n`)
  return `${start}${text.filter((part) => part !== '').join(' ')}\n${more.join('')}`
}

/** A line stays a line, and does nothing to a terminal, whatever clients have put into it. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

function valueText(value: unknown): string {
  const isWord = typeof value === 'string' && /^[\p{L}\p{N}_./:@+-]+$/u.test(value)
  return isWord ? value : plain(JSON.stringify(value))
}

function errorLines(err: unknown): string[] {
  if (typeof err !== 'object' || err === null) return []
  const { message, stack } = err as { message?: unknown; stack?: unknown }
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  return [`error=${valueText(String(message))}`, ...frames.map((line) => plain(line.trim()))]
}
