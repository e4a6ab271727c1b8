/** `tolk demo`: tolk in front of an Ollama of its own. No file counts, and of the environment the port alone. */
import type { Flags } from '../config/flag-table.ts'
import { loadConfig } from '../config/load.ts'
import { runDemo } from '../demo/demo.ts'
import { createLog } from '../log.ts'
import { serve } from '../serve.ts'
import { untilSignal } from './until-signal.ts'

/** @returns the exit code, once a signal has ended it. @throws the `listen` error of a chosen port. */
export const demoCommand = async (given: Flags): Promise<number> => {
  const stopping = untilSignal()
  const interrupted = new AbortController()
  void stopping.then(() => interrupted.abort())
  // A file would describe another upstream than the demo's.
  const { config: _file, upstream: _upstream, ...flags } = given
  const environment = { TOLK_PORT: process.env['TOLK_PORT'] }
  const load = (over: Flags) =>
    loadConfig({ flags: { ...flags, ...over }, environment, readFile: noFile })
  const { config, settings } = load({})
  const port = settings.find(({ name }) => name === 'server.port')?.origin.kind
  const demo = await runDemo({
    ...(port !== 'default' && { port: config.server.port }),
    serve: ({ upstreamUrl, port: wanted }) =>
      serve(load({ upstream: upstreamUrl, port: String(wanted) }).config, createLog('silent')),
    signal: interrupted.signal,
  })
  await stopping
  await demo.close()
  return 0
}

const noFile = (): never => {
  throw Object.assign(new Error('the demo reads no file'), { code: 'ENOENT' })
}
