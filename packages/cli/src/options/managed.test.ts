import { Command } from 'commander'
import { expect, test } from 'vitest'

import { addManaged, givenManaged } from './managed.ts'

function managedFor(isRemote: boolean, ...argv: string[]): ReturnType<typeof givenManaged> {
  const command = addManaged(new Command('run').exitOverride().configureOutput({ writeErr: () => {} }))
  return givenManaged(command.parse(argv, { from: 'user' }).opts(), isRemote)
}

test.each([
  [[], {}],
  [['--restart', 'never'], { restart: { mode: 'never' } }],
  [['--restart', 'on-failure'], { restart: { mode: 'on-failure' } }],
  [['--restart', 'on-failure:3'], { restart: { mode: 'on-failure', maxRestarts: 3 } }],
  [
    ['--restart=always', '--priority', '-2', '--no-queue'],
    { restart: { mode: 'always' }, priority: -2, whenFull: 'refuse' },
  ],
])('%j', (argv, managed) => expect(managedFor(true, ...argv)).toEqual(managed))

test.each([
  ['--restart', 'sometimes', /never, on-failure, on-failure:N, always/],
  ['--restart', 'always:3', /on-failure:N/],
  ['--priority', 'high', /whole number/],
])('%s %s is refused', (option, value, message) => expect(() => managedFor(true, option, value)).toThrow(message))

test.each([['--restart=never'], ['--priority=1'], ['--no-queue']])('%s takes a daemon', (option) => {
  expect(() => managedFor(false, option)).toThrow(/takes a daemon/)
  expect(managedFor(false)).toEqual({})
})
