/** An element of DER (X.690): its tag, and where its content begins and ends. */
export interface Element {
  tag: number
  start: number
  content: number
  end: number
}

export const tags = { integer: 0x02, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30, version: 0xa0 } as const

/** The element that begins there. @throws {Error} when it is cut off, or longer than what it is in. */
export function elementAt(der: Buffer, start: number, limit = der.length): Element {
  const first = start + 1 < limit ? der[start + 1]! : fail(start)
  // A long length says in how many bytes it is.
  const more = first < 0x80 ? 0 : first & 0x7f
  if (more > 4 || first === 0x80 || start + 2 + more > limit) fail(start)
  const content = start + 2 + more
  const end = content + (more === 0 ? first : der.readUIntBE(start + 2, more))
  return end > limit ? fail(start) : { tag: der[start]!, start, content, end }
}

/** What an element holds, one after another. */
export function* childrenOf(der: Buffer, { content, end }: Element): Generator<Element> {
  for (let at = content; at < end;) {
    const child = elementAt(der, at, end)
    yield child
    at = child.end
  }
}

/** The element, if it is of this kind. @throws {Error} otherwise. */
export function expectTag(element: Element | undefined, tag: number): Element {
  return element?.tag === tag ? element : fail(element?.start ?? 0)
}

/** An INTEGER that is not negative, as text that is the same for the same number. */
export function integerText(der: Buffer, { content, end }: Element): string {
  let start = content
  while (start < end - 1 && der[start] === 0) start++
  return der.toString('latin1', start, end)
}

/** A UTCTime or GeneralizedTime, as RFC 5280 has them: in UTC, to the second. */
export function timeOf(der: Buffer, { tag, start, content, end }: Element): Date {
  const text = der.toString('latin1', content, end)
  const [, year, rest] = (tag === tags.utcTime ? /^(\d\d)(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/).exec(text) ?? fail(start)
  const full = tag === tags.utcTime ? `${Number(year) < 50 ? 20 : 19}${year}` : year
  const [month, day, hour, minute, second] = rest!.match(/../g)!
  return new Date(`${full}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function fail(at: number): never {
  throw new Error(`its DER cannot be read at byte ${at}`)
}
