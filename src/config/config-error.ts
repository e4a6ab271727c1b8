/** What is wrong with a configuration or a command line, one readable sentence for each problem. */

/** For the operator: print the message and exit with 2. It never holds the value of a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}
