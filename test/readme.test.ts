import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { test } from './support/test.ts'

const root = join(import.meta.dirname, '..')
const readme = await readFile(join(root, 'README.md'), 'utf8')

/** The text of the code blocks in a language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!)
}

test('the program in the README runs and says what it says', async ({ folder }) => {
  await mkdir(join(folder, 'node_modules/@corral'), { recursive: true })
  await symlink(join(root, 'packages/runner'), join(folder, 'node_modules/@corral/runner'))
  const program = join(folder, 'example.ts')
  await writeFile(program, `${blocks('ts')[0]}process.stdout.write(JSON.stringify([state, exitStatus, oom]))\n`)
  const env = { PATH: process.env['PATH'], CORRAL_STORAGE_ROOT: join(folder, 'root') }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { env })
  expect({ stdout, stderr }).toEqual({ stdout: 'building\n["exited",3,false]', stderr: '' })
})

test('the first command in the README greets', async ({ folder }) => {
  const command = blocks('sh')[0]!
    .trim()
    .replace(/^npm ci && /, '')
  const env = {
    PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
    CORRAL_STORAGE_ROOT: join(folder, 'root'),
  }
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command.replace(/^npx /, '')], { cwd: folder, env })
  expect({ stdout, stderr }).toEqual({ stdout: 'hello from job 2\n', stderr: '' })
})
