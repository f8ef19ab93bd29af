import { expect } from 'vitest'

import { test } from './rpc-servers.ts'

test('a job is started, followed, waited for and removed', async ({ server }) => {
  const alice = await server.client('alice')
  const { job } = await alice.start({ config: { command: ['sh', '-c', 'read x; echo "<$x>"'], stdin: data('hello\n') } })
  const chunks = await Array.fromAsync(alice.output({ name: job!.name, follow: true }))
  expect(textOf(chunks)).toBe('<hello>\n')
  expect(chunks.at(-1)).toMatchObject({ nextOffset: 8n, attempt: 1 })
  const ended = await alice.wait({ name: job!.name })
  expect(ended.job).toMatchObject({ exitStatus: 0, owner: 'alice', outputBytes: 8n })
  await alice.remove({ name: job!.name })
  await expect(alice.get({ name: job!.name })).rejects.toThrow(/not_found.*it was never started/)
})

function data(text: string) {
  return { from: { case: 'data', value: new TextEncoder().encode(text) } } as const
}

function textOf(chunks: readonly { data: Uint8Array }[]): string {
  return Buffer.concat(chunks.map(({ data }) => data)).toString()
}
