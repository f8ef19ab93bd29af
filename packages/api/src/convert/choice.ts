import { FieldError } from './field-error.ts'

/** One of several words, and the enum's value that stands for it. */
export interface Choice<Word extends string, Value extends number> {
  toProto(option: string, word: unknown): Value
  /** @throws {FieldError} for the value that says nothing, and for those of a later schema. */
  fromProto(field: string, value: number): Word
}

export function choice<Word extends string, Value extends number>(
  values: Readonly<Record<Word, Value>>,
): Choice<Word, Value> {
  const words = new Map<number, Word>(Object.entries(values).map(([word, value]) => [value as number, word as Word]))
  const accepted = Object.keys(values).join(', ')
  return {
    toProto(option, word) {
      if (typeof word === 'string' && Object.hasOwn(values, word)) return values[word as Word]
      throw new FieldError(option, word, accepted)
    },
    fromProto(field, value) {
      const word = words.get(value)
      if (word !== undefined) return word
      throw new FieldError(field, value, `one of ${accepted}`)
    },
  }
}
