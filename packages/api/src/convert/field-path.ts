/** Options that are called otherwise in the message, or lie elsewhere in it; the longest that fits counts. */
const places: readonly (readonly [option: string, field: string])[] = [
  ...['cpuMax', 'cpuWeight', 'cpusetCpus', 'memoryMax', 'memoryHigh', 'swapMax', 'ioMax', 'ioWeight', 'pidsMax'].map(
    (option) => [option, `limits.${toSnake(option)}`] as const,
  ),
  ['timeoutMs', 'timeout'],
  ['stopGraceMs', 'stop_grace'],
  ['graceMs', 'grace'],
  ['collect.timeoutMs', 'collect.timeout'],
  ['isolation.root', 'isolation.root_mode'],
  ['isolation.root.directory', 'isolation.root_folder.directory'],
  ['isolation.root.access', 'isolation.root_folder.access'],
  ['isolation.network', 'isolation.network_mode'],
  ['isolation.network.type', 'isolation.network_mode'],
  ['isolation.network.ports', 'isolation.private_network.ports'],
  ['isolation.network.allow', 'isolation.private_network.allow.networks'],
  ['isolation.network.dns', 'isolation.private_network.dns'],
  ['isolation.capabilities', 'isolation.capabilities.names'],
  ['isolation.seccomp', 'isolation.seccomp_mode'],
  ['restart.backoffMs', 'restart.backoff'],
  ['restart.backoffMaxMs', 'restart.backoff_max'],
  ['from', 'offset'],
]

const byLength = places.toSorted(([a], [b]) => b.length - a.length)

/** Maps, whose keys are the caller's words: `env.PATH` is `env["PATH"]`. */
const maps = ['env', 'labels', 'files', 'isolation.rlimits']

/**
 * Where in a message the library's option is: `isolation.mounts[0].source`, `memoryMax` → `limits.memory_max`. Relative to
 * the configuration; limits and what belongs to the start lie beside it in the same way.
 */
export function fieldPathOf(option: string): string {
  const map = maps.find((name) => option.startsWith(`${name}.`) || option.startsWith(`${name}[`))
  if (map !== undefined) return mapPathOf(map, option.slice(map.length))
  // What is inside of a profile has no field of its own.
  if (option.startsWith('isolation.seccomp.') || option.startsWith('isolation.seccomp['))
    return 'isolation.seccomp_json'
  const place = byLength.find(
    ([name]) => option === name || (/^[.[]/.test(option.slice(name.length)) && option.startsWith(name)),
  )
  if (!place) return toSnake(option)
  return place[1] + toSnake(option.slice(place[0].length))
}

/** Of a file its path is followed by what of it: `files[bin/run].mode`. */
function mapPathOf(map: string, rest: string): string {
  const file = /^\[(.*)\](?:\.(data|mode))?$/s.exec(rest)
  const key = file ? file[1]! : rest.slice(1)
  const part = file?.[2] === undefined ? '' : `.${file[2]}`
  return `${map}[${JSON.stringify(key)}]${part}`
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
