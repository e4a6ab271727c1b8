/** The command line → a command and its flags. */
import { parseArgs } from 'node:util'
import { nearest } from '../nearest.ts'
import { ConfigError } from './config-error.ts'
import {
  type Command,
  commands,
  type Flag,
  type FlagName,
  type Flags,
  flagTable,
  isCommand,
  isFlag,
} from './flag-table.ts'

export type { Command, FlagName, Flags } from './flag-table.ts'

export type CommandLine = {
  readonly command: Command
  readonly flags: Flags
  /** The word after the command; only `key` takes one. */
  readonly operand: string | null
}

/**
 * @param argv what follows the program's name.
 * @throws ConfigError for a command or a flag we do not know, with the nearest one we do.
 */
export const readCommandLine = (argv: readonly string[]): CommandLine => {
  const { flags, words, problems } = readTokens(argv)
  // What follows a flag we do not know stands among the words: it is none, and may be a secret.
  if (problems.length > 0) throw new ConfigError(problems)
  const [word = 'serve', ...rest] = words
  const command = flags.help === true ? 'help' : flags.version === true ? 'version' : word
  if (!isCommand(command)) {
    throw new ConfigError([unknown('command', command, Object.keys(commands))])
  }
  if (command === 'help' || command === 'version') return { command, flags, operand: null }
  const [operand = null, extra = null] = command === 'key' ? rest : [null, ...rest]
  if (extra !== null) {
    const complaint = `\`tolk ${command}\` does not know what to do with \`${extra}\`; leave it out.`
    throw new ConfigError([complaint])
  }
  if (flags.json === true && command !== 'models') {
    throw new ConfigError(['`--json` goes with `tolk models` only.'])
  }
  return { command, flags, operand }
}

const readTokens = (argv: readonly string[]) => {
  const problems: string[] = []
  const words: string[] = []
  const flags: Partial<Record<FlagName, string | boolean>> = {}
  // Not strict: Node's own complaints name neither the nearest flag nor what to write.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const name = token.name.replace(NEGATION, '')
    if (!isFlag(name)) {
      problems.push(unknown('flag', token.rawName, Object.keys(flagTable).map(dashed)))
      continue
    }
    const read = valueOf(name, token)
    if (typeof read === 'object') problems.push(read.problem)
    else flags[name] = read
  }
  return { flags, words, problems }
}

const NEGATION = /^no-/

const valueOf = (
  name: FlagName,
  { rawName, value, inlineValue }: OptionToken,
): string | boolean | { readonly problem: string } => {
  const flag: Flag = flagTable[name]
  const negated = rawName.startsWith('--no-')
  if (flag.value === undefined) {
    if (value === undefined) return !negated
    return { problem: `\`${rawName}\` takes no value; write \`${rawName}\` or \`--no-${name}\`.` }
  }
  if (negated) return { problem: `\`${rawName}\` is no flag; leave \`--${name}\` out instead.` }
  // Without a value of its own a flag would eat the next one.
  if (value === undefined || value === '' || (inlineValue === false && value.startsWith('-'))) {
    return { problem: `\`${rawName}\` needs a value: ${rawName} <${flag.value}>.` }
  }
  return value
}

type OptionToken = {
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

const unknown = (what: 'flag' | 'command', word: string, known: readonly string[]): string => {
  const [meant] = nearest(word, known, 1)
  return `unknown ${what} \`${word}\`: ${meant === undefined ? '`tolk --help` lists them all' : `did you mean \`${meant}\`?`}`
}

const dashed = (name: string): string => `--${name}`

const options = Object.fromEntries(
  Object.entries<Flag>(flagTable).map(([name, { short, value }]) => [
    name,
    {
      type: value === undefined ? ('boolean' as const) : ('string' as const),
      ...(short === undefined ? {} : { short }),
    },
  ]),
)
