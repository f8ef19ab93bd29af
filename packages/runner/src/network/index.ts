export { type CheckedNetwork, checkNetwork } from './check.ts'
export { type NetworkPlan, planNetwork, resolverTarget } from './plan.ts'
export { describePasta } from './said.ts'
export { refusePastaUser } from './pasta-user.ts'
