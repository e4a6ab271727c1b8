/** The command line → a command and its flags. */
import { parseArgs } from 'node:util'
import { nearest } from '../nearest.ts'
import { ConfigError } from './config-error.ts'

export type Command = keyof typeof commands

/** What can be asked of `tolk`, and the sentence `--help` says about it. */
export const commands = {
  serve: 'serve the OpenAI API in front of an Ollama (what tolk does when no command is named)',
  demo: 'the same with an Ollama of its own, to try everything without one',
  models: 'list the models, as a table or with --json',
  check: 'show the configuration, and where each value came from',
  key: 'make a key for a client, and the hash to configure: tolk key [name]',
  health: 'ask a running tolk whether it is well; exit code 0 or 1',
  schema: 'print the JSON Schema of the configuration file',
  help: 'show this text',
  version: 'show the version',
} as const

type Flag = {
  readonly short?: string
  /** What stands for the value in `--help`; a flag without it is on or off. */
  readonly value?: string
  /** The option it sets, as a path in the file; `<name>` is the upstream. */
  readonly option?: string
  readonly meaning: string
}

/** Every flag. A secret has none: a command line can be read by every user of the machine. */
export const flagTable = {
  config: { short: 'c', value: 'file', meaning: 'read this file instead of ./tolk.json5' },
  host: { value: 'address', option: 'server.host', meaning: 'listen here; 127.0.0.1 unless set' },
  port: { short: 'p', value: 'number', option: 'server.port', meaning: '11435 unless set' },
  upstream: {
    short: 'u',
    value: 'url',
    option: 'upstreams.<name>.baseUrl',
    meaning: 'the Ollama to speak to; OLLAMA_HOST or http://127.0.0.1:11434 unless set',
  },
  'allow-anonymous': {
    option: 'server.allowAnonymous',
    meaning: 'serve beyond this machine without client keys',
  },
  list: {
    value: 'tools|chat|all',
    option: 'catalog.list',
    meaning: 'which models are listed',
  },
  'reasoning-field': {
    value: 'name',
    option: 'openai.reasoningField',
    meaning: 'reasoning_content, reasoning, none or think-tags',
  },
  strict: { option: 'openai.strict', meaning: 'refuse parameters that cannot be honoured' },
  'log-level': {
    value: 'level',
    option: 'log.level',
    meaning: 'silent, error, warn, info or debug',
  },
  json: { meaning: 'with models: JSON instead of a table' },
  help: { short: 'h', meaning: 'show this text' },
  version: { short: 'v', meaning: 'show the version' },
} as const satisfies Readonly<Record<string, Flag>>

export type FlagName = keyof typeof flagTable

/** Flags that set an option, as written: still to be checked, like a file's values. */
export type Flags = Readonly<Partial<Record<FlagName, string | boolean>>>

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
  const problems: string[] = []
  const flags: Partial<Record<FlagName, string | boolean>> = {}
  const words: string[] = []
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
  const [word = 'serve', ...rest] = words
  const command = flags.help === true ? 'help' : flags.version === true ? 'version' : word
  if (!isCommand(command)) {
    // The value of a flag we do not know would stand here: it is no command, and may be a secret.
    const complaint = unknown('command', command, Object.keys(commands))
    throw new ConfigError(problems.length > 0 ? problems : [complaint])
  }
  const [operand = null] = rest
  const extra = command === 'key' ? rest[1] : command === 'help' ? undefined : operand
  if (extra !== undefined && extra !== null && problems.length === 0) {
    problems.push(`\`tolk ${command}\` does not know what to do with \`${extra}\`; leave it out.`)
  }
  if (flags.json === true && command !== 'models' && command !== 'help') {
    problems.push('`--json` goes with `tolk models` only.')
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { command, flags, operand }
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

/** Tells one of our flags' names, without dashes, from any other text. */
export const isFlag = (name: string): name is FlagName => Object.hasOwn(flagTable, name)

const isCommand = (word: string): word is Command => Object.hasOwn(commands, word)

const options = Object.fromEntries(
  Object.entries<Flag>(flagTable).map(([name, { short, value }]) => [
    name,
    {
      type: value === undefined ? ('boolean' as const) : ('string' as const),
      ...(short === undefined ? {} : { short }),
    },
  ]),
)
