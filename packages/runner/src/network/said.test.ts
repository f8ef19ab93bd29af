import { expect, it } from 'vitest'

import { describePasta } from './said.ts'

it('leaves out of what pasta says what is not to the point', () => {
  const said = "Failed to send 66 bytes to syslog\nFailed to bind any port for '-t 127.0.0.1/80:80', exiting\n"
  expect(describePasta(said)).toBe("Failed to bind any port for '-t 127.0.0.1/80:80', exiting")
  expect(describePasta('Listen failed: in use\nCould not listen\n')).toBe('Listen failed: in use; Could not listen')
})
