import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'
import { FieldError } from '@corral/api'

/** Most entries of a list or a map of messages. */
const maxEntries = 10_000

/**
 * Refuses fields that this daemon does not know, as those of a later client: a fence that was asked for would else be left
 * out, and nobody know.
 * @throws {FieldError}
 */
export function refuseUnknownFields(schema: DescMessage, message: Message): void {
  refuse(reflect(schema, message, false), '')
}

function refuse(message: ReflectMessage, at: string): void {
  const [unknown] = message.getUnknown() ?? []
  if (unknown) {
    const place = at === '' ? 'the request' : at
    throw new FieldError(place, `field number ${unknown.no}`, 'only fields that this version of the daemon knows')
  }
  for (const field of message.desc.fields) {
    if (!field.message || !message.isSet(field)) continue
    const path = at === '' ? field.name : `${at}.${field.name}`
    if (field.fieldKind === 'message') refuse(message.get(field), path)
    else for (const each of entriesOf(message, field, path)) refuse(each, path)
  }
}

/** @throws {FieldError} for so many that it takes long to look at each. */
function entriesOf(message: ReflectMessage, field: DescField, path: string): Iterable<ReflectMessage> {
  if (field.fieldKind !== 'list' && field.fieldKind !== 'map') return []
  const entries = message.get(field) as ReflectList<ReflectMessage> | ReflectMap<string, ReflectMessage>
  if (entries.size <= maxEntries) return entries.values() as Iterable<ReflectMessage>
  throw new FieldError(path, `${entries.size} entries`, `at most ${maxEntries}`)
}
