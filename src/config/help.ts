/** The text of `tolk --help`, made from the tables of commands and flags. */
import { commands, type Flag, flagTable } from './flag-table.ts'

export const helpText = (): string =>
  [
    'tolk: an OpenAI-compatible API in front of Ollama',
    '',
    'Usage: tolk [command] [flags]',
    '',
    'Commands',
    ...columns(Object.entries(commands)),
    '',
    'Flags',
    ...columns(
      Object.entries<Flag>(flagTable).map(([name, flag]) => [spelled(name, flag), flag.meaning]),
    ),
    '',
    'Environment',
    ...columns([
      ['OLLAMA_HOST', 'the Ollama to speak to, in every form that Ollama accepts'],
      ['OLLAMA_API_KEY', 'its key, when it asks for one'],
      ['TOLK_API_KEYS', 'keys that clients must show: name=key,name=key'],
      ['TOLK_…', 'every option of the file has a variable; `tolk check` shows what is in force'],
    ]),
    '',
    'Flags win over the environment, that over the file (./tolk.json5), that over defaults.',
    '',
  ].join('\n')

const spelled = (name: string, { short, value }: Flag): string =>
  `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`

const columns = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
