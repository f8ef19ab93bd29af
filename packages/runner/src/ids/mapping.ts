import type { IdMap } from '../isolation/config.ts'

/** Ids that a user has been given, as subuid(5) has them. */
export interface IdRange {
  first: number
  count: number
}

/** How many ids a job's user namespace has, where there are as many: those that a host gives to accounts. */
const wanted = 65_536

/**
 * The map of a user namespace that has ids from 0 on: an own id is itself, and all others, as far as they go, are those
 * of the ranges.
 */
export function mapAround(own: number, ranges: readonly IdRange[]): IdMap[] {
  const gaps = own < wanted ? [gap(0, own), gap(own + 1, wanted)] : [gap(0, wanted)]
  const maps: IdMap[] = [{ inside: own, outside: own, size: 1 }]
  const left = ranges.map((range) => ({ ...range }))
  for (const { first, count } of gaps) {
    let done = 0
    while (done < count && left.length > 0) {
      const range = left[0]!
      const size = Math.min(count - done, range.count)
      if (size > 0) maps.push({ inside: first + done, outside: range.first, size })
      done += size
      range.first += size
      range.count -= size
      if (range.count === 0) left.shift()
    }
  }
  return maps.toSorted((a, b) => a.inside - b.inside)
}

function gap(first: number, end: number): IdRange {
  return { first, count: end - first }
}

/** Whether a namespace with this map has an id. */
export function hasId(maps: readonly IdMap[], id: number): boolean {
  return maps.some(({ inside, size }) => id >= inside && id < inside + size)
}

/** The ids of a map without gaps between them, and without id 0 and those to leave out: the longest such run. */
export function longestRun(maps: readonly IdMap[], leaveOut: readonly number[]): IdRange | undefined {
  const runs: IdRange[] = []
  for (const { inside, size } of maps.toSorted((a, b) => a.inside - b.inside)) {
    let first = inside
    const cuts = [0, ...leaveOut].filter((id) => id >= inside && id < inside + size)
    for (const cut of [...cuts.toSorted((a, b) => a - b), inside + size]) {
      if (cut > first) runs.push(gap(first, cut))
      first = cut + 1
    }
  }
  const joined = runs.reduce<IdRange[]>((all, run) => {
    const last = all.at(-1)
    if (last && last.first + last.count === run.first) last.count += run.count
    else all.push({ ...run })
    return all
  }, [])
  return joined.toSorted((a, b) => b.count - a.count)[0]
}

/** The part of each range that a namespace knows, whose own map is given (the lines of /proc/self/uid_map). */
export function clip(ranges: readonly IdRange[], known: readonly IdRange[]): IdRange[] {
  return ranges.flatMap((range) =>
    known.flatMap((part) => {
      const first = Math.max(range.first, part.first)
      const end = Math.min(range.first + range.count, part.first + part.count)
      return end > first ? [gap(first, end)] : []
    }),
  )
}

/**
 * A map whose outer ids are those of the host, as a map in a namespace below it, whose own map is given. Undefined: an id
 * of it is not known there.
 */
export function translate(maps: readonly IdMap[], below: readonly IdMap[]): IdMap[] | undefined {
  const translated: IdMap[] = []
  for (const { inside, outside, size } of maps) {
    let done = 0
    while (done < size) {
      const at = outside + done
      const part = below.find((each) => at >= each.outside && at < each.outside + each.size)
      if (!part) return undefined
      const offset = at - part.outside
      const count = Math.min(size - done, part.size - offset)
      translated.push({ inside: inside + done, outside: part.inside + offset, size: count })
      done += count
    }
  }
  return translated
}
