/** The demo: a stand-in for Ollama, tolk in front of it, one chat to watch, and then an open door. */
import { showChat } from './demo-chat.ts'
import { createDemoScript, DEMO_MODELS } from './demo-models.ts'
import { createLanes } from './lanes.ts'
import { snippets } from './snippets.ts'
import { createStandIn, type StandIn } from './stand-in.ts'

/** A running tolk. */
export type Served = {
  /** Where it listens, without `/v1`. */
  readonly url: string
  close(): Promise<void>
}

export type DemoOptions = {
  /** Starts tolk on 127.0.0.1 in front of an Ollama. @throws an error with `code` EADDRINUSE, or caused by one, when the port is taken. */
  readonly serve: (options: {
    readonly upstreamUrl: string
    readonly port: number
  }) => Promise<Served>
  /** The port asked for, 0 for any free one; unless asked, 11435, and any free one if that is taken. */
  readonly port?: number
  /** 1, a person's reading pace, unless said; 0 is as fast as it goes. */
  readonly pace?: number
  /** Gets what is printed; the terminal unless said. */
  readonly write?: (text: string) => void
  /** Whether to paint; unless said, on a terminal that wants it (`NO_COLOR` is heeded). */
  readonly colours?: boolean
  /** Ends the demo once the chat is over. */
  readonly once?: boolean
  /** Aborted when the chat should not go on; then nothing is thrown. */
  readonly signal?: AbortSignal
}

/** A demo that goes on serving. */
export type Demo = {
  readonly url: string
  /** Stops both servers; safe to call again. */
  close(): Promise<void>
}

/** What tolk listens on, and so does the demo. */
const PORT = 11_435
/** No client keys are configured, so any will do; SDKs insist on one. */
const KEY = 'demo'

/**
 * Starts both servers, shows the chat, prints the snippets.
 *
 * @returns the demo, serving, or closed already with `once`.
 * @throws what `serve` throws, and what the SDK throws when the chat goes wrong.
 */
export const runDemo = async (options: DemoOptions): Promise<Demo> => {
  const {
    pace = 1,
    write = (text: string) => process.stdout.write(text),
    colours = process.stdout.isTTY && process.stdout.hasColors(),
    signal,
  } = options
  const ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(pace) })
  const demo = await open(options, ollama, write)
  try {
    const baseUrl = `${demo.url}/v1`
    const model = DEMO_MODELS[0]?.name ?? ''
    const lanes = createLanes(write, { colours, columns: columnsOf(process.stdout.columns) })
    write(`A stand-in for Ollama is at ${ollama.url}; tolk is in front of it, at ${demo.url}\n\n`)
    const chat = { baseUrl, model, key: KEY, lanes, ...(signal === undefined ? {} : { signal }) }
    await showChat(chat)
    if (options.once === true) await demo.close()
    else if (signal?.aborted !== true) write(invitation(baseUrl, model))
  } catch (error) {
    await demo.close()
    if (signal?.aborted !== true) throw error
  }
  return demo
}

/** Puts tolk in front; only a port that nobody asked for may become another. */
const open = async (
  { serve, port }: DemoOptions,
  ollama: StandIn,
  write: (text: string) => void,
): Promise<Demo> => {
  const start = async (wanted: number): Promise<Demo> => {
    const served = await serve({ upstreamUrl: ollama.url, port: wanted })
    let closing: Promise<void> | null = null
    const closeBoth = async (): Promise<void> => {
      await served.close()
      await ollama.close()
    }
    return {
      url: served.url,
      close: () => {
        closing ??= closeBoth()
        return closing
      },
    }
  }
  try {
    return await start(port ?? PORT).catch(async (error: unknown) => {
      if (port !== undefined || !isPortTaken(error)) throw error
      write(`Port ${PORT} is taken, so the demo takes a free one; --port chooses.\n`)
      return start(0)
    })
  } catch (error) {
    await ollama.close()
    throw error
  }
}

const isPortTaken = (error: unknown): boolean =>
  error instanceof Error &&
  (('code' in error && error.code === 'EADDRINUSE') || isPortTaken(error.cause))

/** A line that reads well; no terminal, or one that says it has no columns at all, gets the widest. */
const columnsOf = (terminal: number | undefined): number =>
  terminal === undefined || terminal === 0 ? 100 : Math.min(Math.max(terminal, 40), 100)

const invitation = (baseUrl: string, model: string): string => {
  const programs = snippets({ baseUrl, model, key: KEY })
    .map(({ title, code }) => `# ${title}\n${code}\n`)
    .join('\n')
  const names = DEMO_MODELS.map(
    ({ name, abilities }) => `  ${name.padEnd(22)}${abilities.join(', ')}`,
  )
  return `
Your turn. The base URL is ${baseUrl}, any key will do, and these models answer:

${names.join('\n')}

${programs}
Ctrl+C ends the demo.
`
}
