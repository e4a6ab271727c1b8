/** What can be asked of `tolk`: commands and flags, each with the sentence that `--help` says. */

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

export type Flag = {
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
  port: {
    short: 'p',
    value: 'number',
    option: 'server.port',
    meaning: 'listen on this port; 11435 unless set',
  },
  workers: {
    value: 'number',
    option: 'server.workers',
    meaning: 'share the port among this many processes; 1 unless set',
  },
  upstream: {
    short: 'u',
    value: 'url',
    option: 'upstreams.<name>.baseUrl',
    meaning: 'the Ollama to speak to; OLLAMA_HOST, or this machine, unless set',
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

/** Tells one of our flags' names, without dashes, from any other text. */
export const isFlag = (name: string): name is FlagName => Object.hasOwn(flagTable, name)

export const isCommand = (word: string): word is Command => Object.hasOwn(commands, word)
