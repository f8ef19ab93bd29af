import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** How long an answer of the host holds, in milliseconds, and how many are kept: each one costs a process. */
const answerMs = 60_000
const answersMax = 1024
const answers = new Map<string, { line: Promise<string | undefined>; until: number }>()

/** The name of a user, or undefined when this host has none for the id. */
export async function userName(uid: number): Promise<string | undefined> {
  return (await findEntry('passwd', String(uid), 2))?.[0]
}

/** The names of groups; one that has none is its number. */
export async function groupNames(gids: readonly number[]): Promise<string[]> {
  return Promise.all(gids.map(async (gid) => (await findEntry('group', String(gid), 2))?.[0] ?? String(gid)))
}

/** The id of a group by its name, or undefined when this host has none of it. */
export async function groupId(name: string): Promise<number | undefined> {
  const entry = await findEntry('group', name, 0)
  return entry && Number(entry[2])
}

/** An entry of passwd(5) or group(5) by a field of it: from the file first, else from what else the host asks (LDAP …). */
async function findEntry(database: 'passwd' | 'group', key: string, field: number): Promise<string[] | undefined> {
  const text = await readFile(`/etc/${database}`, 'utf8').catch(() => '')
  const local = text
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[field] === key)
  if (local) return local
  const entry = (await askHost(database, key))?.split(':')
  // getent takes digits for an id, even where they were meant as a name.
  return entry?.[field] === key ? entry : undefined
}

/** What getent(1) says; undefined when it knows nothing. */
function askHost(database: string, key: string): Promise<string | undefined> {
  const question = `${database} ${key}`
  const known = answers.get(question)
  if (known && known.until > performance.now()) return known.line
  if (answers.size >= answersMax) answers.clear()
  const line = promisify(execFile)('getent', ['--', database, key], { timeout: answerMs, killSignal: 'SIGKILL' }).then(
    ({ stdout }) => stdout.split('\n')[0] || undefined,
    () => undefined,
  )
  answers.set(question, { line, until: performance.now() + answerMs })
  return line
}
