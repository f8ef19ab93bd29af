import type { PeerDesk } from '../identity/peer.ts'
import type { Admission } from './admission.ts'
import type { HttpService } from './http.ts'
import type { ListenLog, ResolvedLimits } from './options.ts'
import type { RefusalLog } from './refusals.ts'

/** What all listeners share. */
export interface Room {
  limits: ResolvedLimits
  admission: Admission
  http: HttpService
  peers: PeerDesk
  refusals: RefusalLog
  log: ListenLog
}
