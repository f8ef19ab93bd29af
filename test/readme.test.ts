import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { codeBlocks, projectRoot, runExample } from './support/examples.ts'
import { test } from './support/test.ts'

test('the program in the README runs and says what it says', async ({ folder }) => {
  const [program] = await codeBlocks('README.md', 'ts')
  const { stdout, stderr } = await runExample(
    folder,
    `${program}process.stdout.write(JSON.stringify([state, exitStatus, oom]))\n`,
  )
  expect({ stdout, stderr }).toEqual({ stdout: 'building\n["exited",3,false]', stderr: '' })
})

test('the first command in the README greets', async ({ folder }) => {
  const [block] = await codeBlocks('README.md', 'sh')
  const command = block!.trim().replace(/^npm ci && /, '')
  const env = {
    PATH: `${join(projectRoot, 'node_modules/.bin')}:${process.env['PATH']}`,
    CORRAL_STORAGE_ROOT: join(folder, 'root'),
  }
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command.replace(/^npx /, '')], { cwd: folder, env })
  expect({ stdout, stderr }).toEqual({ stdout: 'hello from job 2\n', stderr: '' })
})
