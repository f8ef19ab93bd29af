import { attack, type Control } from './attempt.ts'

/** A file on the host that nobody else has open. */
const ofItsOwn: Control = {
  in: 'host',
  by: ['sh', '-c', 'file=$(mktemp) && "$@" >"$file"; cat "$file"; rm "$file"', 'sh'],
}

attack([{ what: 'having the readers of the output wait for a lease', command: ['lease'], control: ofItsOwn }])
