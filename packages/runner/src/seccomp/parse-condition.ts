import { InvalidOptionError } from '../errors/mistakes.ts'
import { capabilityNumber } from '../isolation/capabilities.ts'
import { checkFields, checkList } from './fields.ts'
import type { Condition, Kernel } from './filter.ts'
import { parseKernel } from './kernel.ts'

/** Architectures that profiles know, as Go and libseccomp call them. */
const architectures = [
  'amd64 x32 x86 386 arm arm64 loong64 loongarch64 mips mips64 mips64n32 mips64p32 mipsel mipsle mipsel64 mips64le',
  'mipsel64n32 mips3l64n32 mips64p32le parisc parisc64 ppc ppc64 ppc64le riscv64 s390 s390x',
].flatMap((line) => line.split(' '))

/** `includes` or `excludes` of a rule. */
export function parseCondition(place: string, value: unknown): Condition {
  if (value === undefined) return {}
  const { caps, arches, minKernel } = checkFields(place, value, ['caps', 'arches', 'minKernel'])
  return {
    ...nonEmpty('capabilities', checkList(`${place}.caps`, caps, checkCapability)),
    ...nonEmpty('architectures', checkList(`${place}.arches`, arches, checkArchitecture)),
    ...(minKernel === undefined || minKernel === '' ? {} : { minKernel: checkKernel(`${place}.minKernel`, minKernel) }),
  }
}

function nonEmpty<K extends string, T>(key: K, list: T[]): { [key in K]?: T[] } {
  return (list.length === 0 ? {} : { [key]: list }) as { [key in K]?: T[] }
}

function checkCapability(place: string, value: unknown): number {
  const number = typeof value === 'string' ? capabilityNumber(value) : undefined
  if (number !== undefined) return number
  throw new InvalidOptionError(place, value, "a capability's name, such as 'CAP_SYS_ADMIN'")
}

function checkArchitecture(place: string, value: unknown): string {
  if (architectures.includes(value as string)) return value as string
  throw new InvalidOptionError(place, value, `one of ${architectures.join(', ')}`)
}

function checkKernel(place: string, value: unknown): Kernel {
  const kernel = typeof value === 'string' && /^\d+\.\d+$/.test(value) ? parseKernel(value) : undefined
  if (kernel !== undefined) return kernel
  throw new InvalidOptionError(place, value, "a version of Linux, such as '4.8'")
}
