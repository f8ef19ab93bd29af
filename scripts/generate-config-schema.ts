/** Writes the JSON Schema of `corrald.toml`; `--check` says whether the one that is there is up to date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { jsonSchema } from '../packages/daemon/src/config/json-schema.ts'

const file = join(import.meta.dirname, '../packages/daemon/share/corrald.schema.json')
const text = `${JSON.stringify(jsonSchema(), null, 2)}\n`
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(`${file} is out of date: npm run generate\n`)
  process.exitCode = 1
}
