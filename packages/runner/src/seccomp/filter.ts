/** A profile that was found to be right, as `parseSeccomp` returns it. */
export interface Filter {
  defaultAction: Action
  rules: readonly Rule[]
}

/** What the filter returns to the kernel: SECCOMP_RET_* and, in the lower 16 bits, the errno (linux/seccomp.h). */
export type Action = number

export interface Rule {
  names: readonly string[]
  action: Action
  comparisons: readonly Comparison[]
  includes: Condition
  excludes: Condition
}

export type Operator = 'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ'

export interface Comparison {
  /** Which argument, 0 to 5. */
  index: number
  operator: Operator
  value: bigint
  /** All ones but for MASKED_EQ. */
  mask: bigint
}

/** What is absent is no condition. */
export interface Condition {
  /** Capabilities by number. */
  capabilities?: readonly number[]
  /** As Go calls them. */
  architectures?: readonly string[]
  minKernel?: Kernel
}

/** A version of Linux; what comes after the second number does not count. */
export interface Kernel {
  major: number
  minor: number
}
