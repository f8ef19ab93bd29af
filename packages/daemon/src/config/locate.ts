import { parse } from 'smol-toml'

/** Where something stands in a configuration: the keys and positions that lead to it. */
export type KeyPath = readonly (string | number)[]

/**
 * The line, from 1, on which the key at a path is in a TOML text that parses; of what is not there, the line of what it
 * would be part of. The parser keeps no positions but those of syntax errors, hence this small scan of its own.
 */
export function lineOf(text: string, path: KeyPath): number {
  const { lines } = new KeyScan(text)
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(JSON.stringify(path.slice(0, length)))
    if (line !== undefined) return line
  }
  return 1
}

/** A string, a comment, a bracket, or a run of anything else: what has to be told apart to find where a value ends. */
const token =
  /"""[^]*?"{3,5}|'''[^]*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[ \t\r]+|\n|[[\]{}=,.]|[^\s[\]{}=,."'#]+/gy

interface Token {
  text: string
  line: number
}

function tokensOf(text: string): Token[] {
  let line = 1
  const tokens = Array.from(text.matchAll(token), ([text]) => {
    const found = { text, line }
    line += text.split('\n').length - 1
    return found
  })
  return tokens.filter(({ text }) => !/^([ \t\r]|#)/.test(text))
}

/** One walk through a text, which notes the line of each key. */
class KeyScan {
  /** By the JSON of the key's path. */
  readonly lines = new Map<string, number>()
  readonly #tokens: readonly Token[]
  /** How many tables each array of tables has so far. */
  readonly #counts = new Map<string, number>()
  #at = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
    let table: KeyPath = []
    while (this.#next !== undefined) {
      if (this.#next === '\n') this.#at++
      else if (this.#next === '[') table = this.#readHeader()
      else this.#readPair(table)
    }
  }

  get #next(): string | undefined {
    return this.#tokens[this.#at]?.text
  }

  #note(path: KeyPath): void {
    const key = JSON.stringify(path)
    if (!this.lines.has(key)) this.lines.set(key, this.#tokens[this.#at]!.line)
  }

  /** `[a.b]`, or `[[a.b]]`, which is another table of an array; what names an array on the way means its latest table. */
  #readHeader(): KeyPath {
    const brackets = this.#tokens[this.#at + 1]?.text === '[' ? 2 : 1
    this.#at += brackets
    let path = this.#readName([])
    while (this.#next === '.') {
      this.#at++
      path = this.#readName(this.#latest(path))
    }
    if (brackets === 2) {
      const key = JSON.stringify(path)
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
      path = this.#latest(path)
      this.#note(path)
    }
    this.#at += brackets
    return path
  }

  #latest(path: KeyPath): KeyPath {
    const count = this.#counts.get(JSON.stringify(path))
    return count === undefined ? path : [...path, count - 1]
  }

  #readName(below: KeyPath): KeyPath {
    const path = [...below, unquote(this.#next!)]
    this.#note(path)
    this.#at++
    return path
  }

  /** `a.'b'.c = value`. */
  #readPair(below: KeyPath): void {
    let path = this.#readName(below)
    while (this.#next === '.') {
      this.#at++
      path = this.#readName(path)
    }
    this.#at++
    this.#readValue(path)
  }

  #readValue(path: KeyPath): void {
    let index = 0
    if (this.#next === '[') {
      this.#readItems(']', () => {
        this.#note([...path, index])
        this.#readValue([...path, index++])
      })
    } else if (this.#next === '{') this.#readItems('}', () => this.#readPair(path))
    // A number or a date may be several tokens: 1.5.
    else while (this.#next !== undefined && !/^[\n,\]}]$/.test(this.#next)) this.#at++
  }

  #readItems(end: string, readItem: () => void): void {
    this.#at++
    while (this.#next !== undefined && this.#next !== end) {
      if (this.#next === '\n' || this.#next === ',') this.#at++
      else readItem()
    }
    this.#at++
  }
}

function unquote(key: string): string {
  return /^["']/.test(key) ? Object.keys(parse(`${key} = 0`))[0]! : key
}
