import { userInfo } from 'node:os'

import type { Controller } from './contract.ts'
import type { Layout } from './layout.ts'

/** To ordinary users who have no cgroup: what works all the same. */
const withoutLimits = 'With noLimits (--no-limits) jobs run without a cgroup: fenced, but neither limited nor counted'

/** The user whom advice is for, by name where there is one. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.geteuid!())
  }
}

/** To a user without systemd, whose own cgroup is not his: how root hands one over (cgroup-v2.rst, "Delegation"). */
export function notHandedOver({ unified, v1 }: Layout): string {
  const [user, here] = [userName(), `${unified.point}/${userName()}`]
  const legacy = v1.map(({ point }) => `${point}/${user}`).join(' ')
  const others =
    legacy === '' ? '' : ` && mkdir ${legacy} && chown -R ${user} ${legacy} (and its processes into these, too)`
  return (
    'jobs need a cgroup that this user may divide, and its own was not handed over to it. Either run this as root, or ' +
    `have root hand one over: mkdir ${here} && chown ${user} ${here} ${here}/cgroup.procs ${here}/cgroup.subtree_control ` +
    `&& echo PID > ${here}/cgroup.procs, where PID is that of the shell that this is started from${others}. ${withoutLimits}`
  )
}

/** To a user of a host that systemd runs, who has no systemd of his own. */
export function noUserSystemd(): string {
  return (
    "jobs need a cgroup that this user may divide. systemd would give one, but this user's own systemd does not run: log in " +
    `afresh (not by su or sudo), or have root call loginctl enable-linger ${userName()}, and jobs get scopes as by ` +
    `systemd-run --user --scope -p Delegate=yes. ${withoutLimits}`
  )
}

/** Why cgroups cannot be written that are mounted read-only, as those of containers are. */
export const mountedReadOnly =
  'it is mounted read-only: in a container, start it with writable cgroups (a private cgroup namespace and --privileged, or a rw mount)'

/** To root in a container whose other processes are in the way. */
export function topOccupied(point: string, count: number): string {
  return (
    `the top of the cgroups that are seen here, ${point}, holds ${count} processes, not all of them this one's, and ` +
    'cgroup v2 lets no such cgroup hand out controllers: corral doctor --fix moves them to a leaf'
  )
}

/** Why a controller that the hierarchy has is not there for jobs, and who can change it. */
export function notHandedDown(name: Controller, parent: string): string {
  const why = `the ${name} controller was not handed down to ${parent}`
  if (!/\/user@\d+\.service\//.test(`${parent}/`)) {
    return `${why}: root can, by echo +${name} > cgroup.subtree_control in the directories above it`
  }
  return `${why}: root can, by systemctl edit user@.service with [Service] Delegate=cpu cpuset io memory pids, and a new login`
}

/** Why a controller is in none of the hierarchies that are seen here. */
export function notInSight(name: Controller, isInKernel: boolean, top: string): string {
  return isInKernel
    ? `the ${name} controller was not handed down to ${top}, the top of the cgroups that are seen here, or is in a hierarchy that is not mounted here`
    : `this kernel has no ${name} controller, or its command line switches it off (cgroup_disable=)`
}
