import type { Field } from '../store/record.ts'
import type { TerminalSize } from './config.ts'

/** The fields that give a command a terminal of this size. */
export function terminalFields(tty: TerminalSize | null): Field[] {
  return tty ? [['tty', 1], ...sizeFields(tty)] : []
}

export function sizeFields({ columns, rows }: TerminalSize): Field[] {
  return [
    ['columns', columns],
    ['rows', rows],
  ]
}
