/** Starts the real server in this process, in front of whatever the test plays upstream. */
import { loadConfig } from '../../src/config/load.ts'
import { createLog } from '../../src/log.ts'
import { serve, type Running } from '../../src/serve.ts'

/** Part of a configuration file: its `upstreams.ollama` is merged with the address. */
export type TolkSettings = {
  readonly [section: string]: object | undefined
  readonly upstream?: object
}

export type Tolk = Running & {
  /** For an SDK: the address with `/v1`. */
  readonly baseURL: string
  /** Every line it logged so far. */
  readonly logged: readonly string[]
}

/**
 * @param upstreamUrl the base URL of an Ollama.
 * @param settings sections of tolk.json5; `upstream` stands for the one upstream.
 */
export const startTolk = async (
  upstreamUrl: string,
  { upstream = {}, server = {}, ...settings }: TolkSettings = {},
): Promise<Tolk> => {
  const file = {
    // What bare clients of tests call it.
    server: { port: 0, allowedHosts: ['a'], ...server },
    upstreams: { ollama: { baseUrl: upstreamUrl, ...upstream } },
    ...settings,
  }
  const { config } = loadConfig({
    flags: { config: 'test.json5' },
    environment: {},
    readFile: () => JSON.stringify(file),
  })
  const logged: string[] = []
  const running = await serve(
    config,
    createLog(config.log.level, (line) => logged.push(line)),
  )
  return { ...running, baseURL: `${running.url}/v1`, logged }
}
