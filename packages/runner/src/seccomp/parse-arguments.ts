import { InvalidOptionError } from '../errors/mistakes.ts'
import { checkFields, checkList, choose } from './fields.ts'
import type { Comparison, Operator } from './filter.ts'

const operators: Readonly<Record<string, Operator>> = {
  SCMP_CMP_NE: 'NE',
  SCMP_CMP_LT: 'LT',
  SCMP_CMP_LE: 'LE',
  SCMP_CMP_EQ: 'EQ',
  SCMP_CMP_GE: 'GE',
  SCMP_CMP_GT: 'GT',
  SCMP_CMP_MASKED_EQ: 'MASKED_EQ',
}

const allOnes = 0xffffffffffffffffn

/**
 * A rule's `args`: all must hold. Two on one argument are refused, since what is meant by them cannot be known: OCI's
 * runtimes then take every comparison of the rule for an alternative.
 */
export function parseComparisons(place: string, value: unknown): Comparison[] {
  const comparisons = checkList(place, value, parseComparison)
  comparisons.forEach(({ index }, at) => {
    if (comparisons.findIndex((other) => other.index === index) === at) return
    throw new InvalidOptionError(
      `${place}[${at}].index`,
      index,
      'each argument once: several comparisons of one are a rule each, of which any may match',
    )
  })
  return comparisons
}

function parseComparison(place: string, given: unknown): Comparison {
  const fields = checkFields(place, given, ['index', 'value', 'valueTwo', 'op'])
  const index = checkIndex(`${place}.index`, fields.index)
  const operator = choose(`${place}.op`, fields.op, operators)
  const value = checkNumber(`${place}.value`, fields.value)
  const second = fields.valueTwo === undefined ? 0n : checkNumber(`${place}.valueTwo`, fields.valueTwo)
  if (operator === 'MASKED_EQ') {
    if ((second & ~value) === 0n) return { index, operator, value: second, mask: value }
    throw new InvalidOptionError(
      `${place}.valueTwo`,
      second,
      'no bit that the mask in `value` lacks: it would never match',
    )
  }
  if (second === 0n) return { index, operator, value, mask: allOnes }
  throw new InvalidOptionError(`${place}.valueTwo`, second, 'a second value for SCMP_CMP_MASKED_EQ alone')
}

function checkIndex(place: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 5) return value as number
  throw new InvalidOptionError(place, value, 'the number of an argument, 0 to 5')
}

function checkNumber(place: string, value: unknown): bigint {
  const number = Number.isSafeInteger(value) ? BigInt(value as number) : value
  if (typeof number === 'bigint' && number >= 0n && number <= allOnes) return number
  throw new InvalidOptionError(place, value, `a whole number from 0 to ${allOnes}; from 2 ** 53 on, a BigInt`)
}
