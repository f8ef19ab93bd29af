import type { DescMessage, Message } from '@bufbuild/protobuf'
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'
import { FieldError } from '@corral/api'

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
    else if (field.fieldKind === 'list') for (const each of message.get(field)) refuse(each as ReflectMessage, path)
    else if (field.fieldKind === 'map') for (const [, each] of message.get(field)) refuse(each as ReflectMessage, path)
  }
}
