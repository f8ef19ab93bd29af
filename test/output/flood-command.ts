import { program } from '../support/programs.ts'

/** The command that writes so many bytes, each 4 of them their own index; it is as fast as it can be, but for a pause. */
export function flood(bytes: number, { pauseUs = 0, stays = false } = {}): string[] {
  return [program('flood-output'), String(bytes), String(pauseUs), ...(stays ? ['stay'] : [])]
}
