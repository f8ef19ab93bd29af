import { once } from 'node:events'
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { expect } from 'vitest'

import { codeBlocks, runExample } from '../support/examples.ts'
import { program } from '../support/programs.ts'
import { test } from '../support/test.ts'

const recipes = (await codeBlocks('docs/isolation.md', 'ts')).filter((block) => block.startsWith('const name'))

/**
 * Runs the recipe of docs/isolation.md that has `mark` in it, with its folders in the test's, and stand-ins for what a host
 * need not have; gives the value of an expression after it.
 */
async function cook(
  folder: string,
  mark: string,
  expression: string,
  standIns: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  let recipe = recipes.find((block) => block.includes(mark))!.replaceAll(/\/(?:srv|run)\//g, `${folder}/`)
  for (const [what, standIn] of Object.entries(standIns)) recipe = recipe.replace(what, standIn)
  const { stdout, stderr } = await runExample(
    folder,
    `import { readFile } from 'node:fs/promises'
    import { CgroupRunner } from '@corral/runner'
    await using runner = await CgroupRunner.open()
    ${recipe}
    process.stdout.write(JSON.stringify(${expression}))\n`,
  )
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

/** A folder of the user nobody's. */
async function makeTheirs(path: string): Promise<void> {
  await mkdir(path)
  await chown(path, 65534, 65534)
}

test('the code judge', async ({ folder }) => {
  expect(await cook(folder, 'solution.sh', '[state, exitStatus, answer]')).toEqual(['exited', 0, '42\n'])
})

test('the build', async ({ folder }) => {
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'make'), '#!/bin/sh\necho built > app\n', { mode: 0o755 })
  const app = `await readFile(collectedPath + '${project}/dist/app', 'utf8')`
  expect(await cook(folder, 'make -s', `[exitStatus, ${app}]`, { 'make -s': './make' })).toEqual([0, 'built\n'])
  expect(await readdir(project)).toEqual(['make'])
})

test("the agent's tools", async ({ folder }) => {
  await makeTheirs(join(folder, 'workspace'))
  const [exitStatus, said] = (await cook(folder, 'runner.exec', '[exitStatus, said]')) as [number, string]
  expect(said).toMatch(/^note\ntouch: .*Read-only file system\n$/)
  expect(exitStatus).toBe(1)
  expect(await readFile(join(folder, 'workspace/note'), 'utf8')).toBe('a note\n')
})

test('the database dump', async ({ folder }) => {
  await mkdir(join(folder, 'postgresql'))
  await makeTheirs(join(folder, 'dumps'))
  const socket = join(folder, 'postgresql/.s.PGSQL.5432')
  const server = createServer((connection) => connection.end('CREATE TABLE;\n')).listen(socket)
  await once(server, 'listening')
  try {
    await chmod(socket, 0o666)
    const standIns = { pg_dump: program('dump'), "'postgres'": "'nobody'" }
    expect(await cook(folder, 'pg_dump', 'exitStatus', standIns)).toBe(0)
    expect(await readFile(join(folder, 'dumps/shop.sql'), 'utf8')).toBe('CREATE TABLE;\n')
  } finally {
    server.close()
  }
})
