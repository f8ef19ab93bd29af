import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { JobFolder } from './job-folder.ts'
import type { JobSpec } from './job-spec.ts'
import { Storage } from './storage.ts'

let storage: Storage
beforeEach(async () => {
  storage = await Storage.open(await mkdtemp(join(tmpdir(), 'corral-folder-')))
})
afterEach(async () => rm(storage.root, { recursive: true }))

async function makeFolder(name: string, files: Record<string, string>): Promise<JobFolder> {
  const folder = new JobFolder(storage, name)
  await mkdir(folder.path)
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder.path, file), text)
  return folder
}

describe('JobFolder', () => {
  it('is removed by one of those who try', async () => {
    const folder = await makeFolder('a', { init: '', output: 'x' })
    const removed = await Promise.all([folder.remove(), folder.remove(), folder.remove()])
    expect(removed.filter(Boolean)).toHaveLength(1)
    expect(await storage.names()).toEqual([])
  })

  it('is not removed when the name is a start in progress', async () => {
    const folder = await makeFolder('a', { output: 'x' })
    expect(await folder.remove()).toBe(false)
    expect(await storage.names()).toEqual(['a'])
  })

  it.each(['', '{}', '{"version":1}', 'null', '[]', '{"version":1,"cgroups":'])(
    'takes %j for a damaged spec',
    async (text) => {
      const folder = await makeFolder('a', { 'spec.json': text })
      expect(await folder.findSpec()).toBeUndefined()
      await expect(folder.readSpec()).rejects.toMatchObject({ code: 'STORAGE_UNUSABLE' })
    },
  )

  it('replaces a spec and leaves no draft behind', async () => {
    const folder = await makeFolder('a', { 'spec.json': '' })
    const spec = { version: 1, startId: 'i', cgroups: { cgroup: '/c' } } as JobSpec
    await folder.writeSpec(spec)
    expect(await folder.readSpec()).toEqual(spec)
    expect(await readdir(folder.path)).toEqual(['spec.json'])
    await rm(folder.path, { recursive: true })
    await expect(folder.writeSpec(spec)).rejects.toMatchObject({ name: 'JobNotFoundError' })
  })

  it('holds the first exit record', async () => {
    const folder = await makeFolder('a', {})
    const records = await Promise.all(['1', '2', '3'].map((text) => folder.writeExit([['exited', text]])))
    expect(new Set(records.map((record) => record.get('exited'))).size).toBe(1)
    expect(await readdir(folder.path)).toEqual(['exit'])
  })
})

describe('Storage', () => {
  it('passes over what is no folder of a job', async () => {
    await makeFolder('a', {})
    await writeFile(join(storage.jobsFolder, 'stray'), '')
    await mkdir(join(storage.jobsFolder, 'lost+found'))
    expect(await storage.names()).toEqual(['a'])
  })
})
