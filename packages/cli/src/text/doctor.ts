import { styleText } from 'node:util'

import type { DoctorLine } from '@corral/runner'

/** How the three answers look, on a terminal and elsewhere. */
const marks = {
  true: { mark: '✔', word: 'ok  ', colour: 'green' },
  warn: { mark: '!', word: 'warn', colour: 'yellow' },
  false: { mark: '✘', word: 'no  ', colour: 'red' },
} as const

/** What a host can do, a line each, with what to do about it below. */
export function formatDoctor(lines: readonly DoctorLine[], isTerminal: boolean): string {
  const width = Math.max(0, ...lines.map(({ what }) => what.length))
  return lines.map((line) => formatLine(line, width, isTerminal)).join('')
}

function formatLine({ ok, what, detail, fix }: DoctorLine, width: number, isTerminal: boolean): string {
  const { mark, word, colour } = marks[`${ok}`]
  const begin = isTerminal ? styleText(colour, mark) : word
  const indent = ' '.repeat(width + (isTerminal ? 5 : 8))
  const advice =
    fix === undefined
      ? ''
      : fix
          .split('\n')
          .map((text) => `${indent}→ ${text}\n`)
          .join('')
  return `${begin}  ${what.padEnd(width)}  ${detail}\n${advice}`
}
