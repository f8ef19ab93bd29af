import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect } from 'vitest'

import { nodeProgram } from '../support/node-programs.ts'
import { test } from './client-test.ts'

test('a program that leaves its runner open ends by itself', async ({ daemon }) => {
  const [program, ...words] = nodeProgram(join(import.meta.dirname, 'programs/leave.ts'))
  const { stdout, stderr } = await promisify(execFile)(program!, [...words, daemon.host])
  expect({ stdout, stderr }).toEqual({ stdout: 'hello\ndone\nexit status 0\n', stderr: '' })
})
