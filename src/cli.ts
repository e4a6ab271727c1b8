/** The command line: one command, one exit code. 0 done, 1 not well, 2 wrongly asked. */
import { ConfigError } from './config/config-error.ts'
import type { Flags } from './config/flag-table.ts'
import { readCommandLine, type CommandLine } from './config/flags.ts'
import type { Loaded } from './config/load.ts'
import type { Print } from './commands/print.ts'

/** Reads the process's arguments, does what they say, and sets its exit code. Never throws. */
export const run = async (): Promise<void> => {
  // `tolk models | head` closes the pipe when it has seen enough, and a proxy goes on without a reader:
  // neither is an accident.
  process.stdout.on('error', () => {})
  try {
    const commandLine = readCommandLine(process.argv.slice(2))
    process.exitCode = await dispatch(
      commandLine,
      process.stdout.write.bind(process.stdout),
      process.stderr.write.bind(process.stderr),
    )
  } catch (error) {
    process.stderr.write(`${sentenceOf(error)}\n`)
    process.exitCode = 2
  }
}

/** Each command is imported when it is asked for: `tolk` itself waits for no demo, `tolk health` for no server. */
const dispatch = async (
  commandLine: CommandLine,
  print: Print,
  complain: Print,
): Promise<number> => {
  const load = async (over: Flags = {}): Promise<Loaded> => {
    const { loadConfig } = await import('./config/load.ts')
    return loadConfig({ flags: { ...commandLine.flags, ...over } })
  }
  switch (commandLine.command) {
    case 'help': {
      const { helpText } = await import('./config/help.ts')
      print(helpText())
      return 0
    }
    case 'version': {
      const { version } = await import('./version.ts')
      print(`tolk ${version}\n`)
      return 0
    }
    case 'schema': {
      const { jsonSchemaText } = await import('./config/json-schema.ts')
      print(jsonSchemaText())
      return 0
    }
    case 'key': {
      const { keyCommand } = await import('./commands/key.ts')
      return keyCommand(commandLine.operand, print)
    }
    case 'check': {
      const { checkCommand } = await import('./commands/check.ts')
      return checkCommand(await load(), print)
    }
    case 'models': {
      const { modelsCommand } = await import('./commands/models.ts')
      return modelsCommand(await load(), commandLine.flags.json === true, print, complain)
    }
    case 'health': {
      const { healthCommand } = await import('./commands/health.ts')
      // It only asks; who may be asked is the business of the tolk that serves.
      return healthCommand((await load({ 'allow-anonymous': true })).config, print)
    }
    case 'demo': {
      const { demoCommand } = await import('./commands/demo.ts')
      return demoCommand(commandLine.flags)
    }
    case 'serve': {
      const { serveCommand } = await import('./commands/serve.ts')
      return serveCommand(await load(), print, load)
    }
  }
}

/** What an operator can act on; a stack trace is for bugs, and only they get one. */
const sentenceOf = (error: unknown): string => {
  if (error instanceof ConfigError) return error.message
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const where = error instanceof Error && 'port' in error ? ` ${String(error.port)}` : ''
  switch (code) {
    case 'EADDRINUSE':
      return `Port${where} is in use already. Stop what listens there, or choose another with --port.`
    case 'EACCES':
      return `Port${where} may not be used by this user. Choose one above 1023 with --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'This machine has no such address to listen on. Choose another with --host.'
    default:
      return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
