export { type CheckedNetwork, checkNetwork } from './check.ts'
export { type NetworkPlan, planNetwork, resolverTarget } from './plan.ts'
export { pastaUser } from './pasta.ts'
export { describePasta } from './said.ts'
