export { type CheckedNetwork, checkNetwork, refusePastaUser } from './check.ts'
export { type NetworkPlan, planNetwork, resolverTarget } from './plan.ts'
export { describePasta } from './said.ts'
