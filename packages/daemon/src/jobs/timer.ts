/** As many milliseconds as a timer of Node's takes, 24.8 days; one with more goes off at once. */
export const mostTimerMs = 2 ** 31 - 1
