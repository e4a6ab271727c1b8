/** One JSON line per happening, on standard output. */
import { pino } from 'pino'
import { logOutput, type LogOutput } from './log-output.ts'

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** What is said about a happening: facts, never a key, a prompt, an answer or an upstream address. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>

export type Log = {
  debug(message: string, facts?: Facts): void
  info(message: string, facts?: Facts): void
  warn(message: string, facts?: Facts): void
  /** `cause` is written as its name, code and stack: a message may quote what a client sent. */
  error(message: string, facts?: Facts, cause?: unknown): void
}

/**
 * @param write takes a whole line; standard output by default, as the only one who writes there.
 * @param base facts that every line has.
 */
export const createLog = (
  level: LogLevel,
  write?: (line: string) => void,
  base: Facts | null = null,
): Log => {
  const options = {
    level,
    base,
    timestamp: createTimestamp(),
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = pino(options, { write: write ?? standardOutput() })
  return {
    debug: (message, facts = {}) => logger.debug(facts, message),
    info: (message, facts = {}) => logger.info(facts, message),
    warn: (message, facts = {}) => logger.warn(facts, message),
    error: (message, facts = {}, cause) => logger.error({ ...facts, ...factsOf(cause) }, message),
  }
}

/** As pino's own `isoTime`, which makes the whole date of each line anew: of two lines most share their second. */
const createTimestamp = (): (() => string) => {
  let second = -1
  let date = ''
  return () => {
    const time = Date.now()
    const milliseconds = time % 1000
    if (time - milliseconds !== second) {
      second = time - milliseconds
      date = new Date(second).toISOString().slice(0, -'000Z'.length)
    }
    return `,"time":"${date}${String(milliseconds).padStart(3, '0')}Z"`
  }
}

/**
 * Flushed when the process ends, whatever ends it.
 *
 * @param isShared whether other processes write there as well, as workers do.
 * @returns what takes a whole line.
 */
export const standardOutput = (isShared = false): LogOutput['write'] => {
  const output = logOutput(1, isShared)
  process.once('exit', () => output.flush())
  return (line) => output.write(line)
}

/** An allow-list: a library's error may carry a request with its headers (reliability S-05). */
const factsOf = (cause: unknown): Facts => {
  if (!(cause instanceof Error)) return {}
  return {
    error_name: cause.name,
    ...('code' in cause && typeof cause.code === 'string' && { error_code: cause.code }),
    stack: framesOf(cause).slice(0, 8).join(' | '),
    ...(cause.cause instanceof Error && {
      cause: `${cause.cause.name} ${codeOf(cause.cause)}`.trim(),
    }),
  }
}

/** A stack begins with the message, whose lines may look like frames. */
const framesOf = ({ stack = '', message }: Error): readonly string[] => {
  const at = stack.indexOf(message)
  return (at === -1 ? '' : stack.slice(at + message.length))
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
}

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : ''
