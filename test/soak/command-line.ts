/** `npm run soak -- …`: how long, which phases, and from which seed. */
import { parseArgs } from 'node:util'

export type CommandLine = {
  readonly seconds: number
  readonly seed: number
  /** Ids such as `L3`; empty: all. */
  readonly only: readonly string[]
  /** tolk's entry, where it is not this clone as it is published. */
  readonly program: string | undefined
  /** Whether failures may come at any moment: the network is a bad one. */
  readonly isRough: boolean
  readonly isHelp: boolean
}

const DEFAULT_SECONDS = 600
/** With less no phase has time for anything; with more it is no test. */
const [LEAST_SECONDS, MOST_SECONDS] = [20, 24 * 3600]

/** @param seed where none is given. @throws a sentence, when an argument is unknown or makes no sense. */
export const readCommandLine = (
  args: readonly string[],
  known: readonly string[],
  seed: number,
): CommandLine => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      program: { type: 'string' },
      rough: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const only = values.only.flatMap((ids) => ids.split(',')).filter((id) => id !== '')
  const unknown = only.find((id) => !known.includes(id))
  if (unknown !== undefined) throw new Error(`there is no phase ${unknown}: ${known.join(', ')}`)
  const seconds =
    values.seconds === undefined
      ? numberOf('minutes', values.minutes, DEFAULT_SECONDS / 60) * 60
      : numberOf('seconds', values.seconds, DEFAULT_SECONDS)
  if (seconds < LEAST_SECONDS || seconds > MOST_SECONDS) {
    throw new Error(`a soak takes ${LEAST_SECONDS} s to ${MOST_SECONDS} s`)
  }
  const { program, rough: isRough, help: isHelp } = values
  return { seconds, seed: numberOf('seed', values.seed, seed), only, program, isRough, isHelp }
}

const numberOf = (flag: string, text: string | undefined, unset: number): number => {
  const number = text === undefined ? unset : Number(text)
  if (text === '' || !Number.isFinite(number)) throw new Error(`--${flag} takes a number`)
  return number
}

export const helpText = (
  phases: readonly { readonly ids: readonly string[]; readonly title: string }[],
): string => `npm run soak -- [flags]

Loads a tolk, does to it and its upstream what a network can do, and holds every delta against the script.

  --minutes N      how long, about (10)
  --seconds N      the same in seconds
  --seed N         draws the same faults again; each run prints its own
  --only L3,L7     some phases alone, with the time that they have in a whole run
  --program FILE   another tolk than this clone as it is published, such as src/main.ts
  --rough          failures may come at any moment, for the network is a bad one; what comes is still checked
  --help           this

${phases.map(({ ids, title }) => `  ${ids.join(', ').padEnd(8)} ${title}`).join('\n')}

Exit codes: 0 what must be zero is, 1 it is not, 2 wrongly asked. Times and sizes never decide.
`
