/** What a host can do, in one respect. */
export interface DoctorLine {
  /** `'warn'`: jobs run without it, but some limit or other cannot be had. */
  ok: boolean | 'warn'
  what: string
  detail: string
  /** What to do about a lack. */
  fix?: string
}
