import type { OutputOptions } from '@corral/runner'
import { InvalidOptionError } from '@corral/runner/errors'

const known = ['from', 'follow', 'tail', 'onDropped', 'onStart', 'signal']

/** The library's checks of what `output` takes. */
export function checkOutputOptions(options: OutputOptions): void {
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) throw new InvalidOptionError(key, value, `for output, one of ${known.join(', ')}`)
  }
  const { from, tail, follow, signal } = options
  for (const [option, value] of Object.entries({ from, tail })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new InvalidOptionError(option, value, 'a whole number from 0')
    }
  }
  if (from !== undefined && tail !== undefined) throw new InvalidOptionError('tail', tail, 'either `from` or `tail`')
  if (follow !== undefined && typeof follow !== 'boolean') {
    throw new InvalidOptionError('follow', follow, 'true or false')
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidOptionError('signal', signal, 'an AbortSignal')
  }
  for (const option of ['onDropped', 'onStart'] as const) {
    const callback: unknown = options[option]
    if (callback === undefined || typeof callback === 'function') continue
    throw new InvalidOptionError(option, callback, 'a function')
  }
}
