/** `npm run bench -- …`: what is to be measured. */
import { parseArgs } from 'node:util'

export type CommandLine = {
  /** Names of situations; empty: all of them. */
  readonly situations: readonly string[]
  readonly isQuick: boolean
  readonly isHelp: boolean
  /** Portkey's entry, where it is not installed beside tolk. */
  readonly portkey: string | undefined
  /** tolk's entry, where it is not the one that is published. */
  readonly program: string | undefined
}

/** @throws when an argument is unknown, or is no situation. */
export const readCommandLine = (
  args: readonly string[],
  known: readonly string[],
  environment: { readonly [name: string]: string | undefined },
): CommandLine => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      portkey: { type: 'string' },
      program: { type: 'string' },
    },
  })
  const unknown = positionals.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new Error(`there is no situation "${unknown}": ${known.join(', ')}`)
  }
  return {
    situations: positionals,
    isQuick: values.quick,
    isHelp: values.help,
    portkey: values.portkey ?? environment['TOLK_BENCH_PORTKEY'],
    program: values.program,
  }
}

export const helpText = (
  known: readonly string[],
): string => `npm run bench -- [situation …] [flags]

Measures tolk beside a byte pass-through and, where they are installed, nginx and Portkey; under six minutes.
Situations: ${known.join(', ')}.
All of them, unless some are named; the report is written when all were measured.

  --quick          one round of everything: to see that it runs, not to be believed
  --portkey FILE   build/start-server.js of @portkey-ai/gateway (or TOLK_BENCH_PORTKEY)
  --program FILE   another tolk than this clone as it is published, such as src/main.ts
  --help           this

Exit codes: 0 all gates hold, 1 a gate is missed or an answer was wrong, 2 wrongly asked.
`
