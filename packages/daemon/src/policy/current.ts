import type { Caller } from '../identity/caller.ts'
import type { Grant, Policy } from './contract.ts'

/** The policy that holds now: another one takes its place while requests come. */
export class CurrentPolicy implements Policy {
  #policy: Policy

  constructor(policy: Policy) {
    this.#policy = policy
  }

  grant(caller: Caller): Grant | undefined {
    return this.#policy.grant(caller)
  }

  replace(policy: Policy): void {
    this.#policy = policy
  }
}
