/** How the names of jobs begin that were given none. */
export const namePrefix = 'job.'

const fresh = /^(job\.[0-9a-f]{8})-[0-9a-f]{4}-/

/** A name that fits a table: of a generated one, its beginning, which is accepted wherever a name is. */
export function shortName(name: string): string {
  return fresh.exec(name)?.[1] ?? name
}
