/** `tolk demo`: tolk in front of an Ollama of its own. No file and no environment but the port count. */
import type { Flags } from '../config/flags.ts'
import { loadConfig } from '../config/load.ts'
import { runDemo } from '../demo/demo.ts'
import { createLog } from '../log.ts'
import { serve } from '../serve.ts'
import { untilSignal } from './until-signal.ts'

/** @returns the exit code, once a signal has ended it. @throws the `listen` error of a chosen port. */
export const demoCommand = async (flags: Flags, environmentPort?: string): Promise<number> => {
  const stopping = untilSignal()
  const interrupted = new AbortController()
  void stopping.then(() => interrupted.abort())
  const wanted = flags.port ?? environmentPort
  const load = (port: string, upstream: string) =>
    loadConfig({ flags: { ...flags, port, upstream }, environment: {}, readFile: noFile }).config
  const demo = await runDemo({
    ...(wanted !== undefined && { port: load(String(wanted), ANY).server.port }),
    serve: ({ upstreamUrl, port }) => serve(load(String(port), upstreamUrl), createLog('silent')),
    signal: interrupted.signal,
  })
  await stopping
  await demo.close()
  return 0
}

/** Only for checking the port, before there is an upstream to name. */
const ANY = 'http://127.0.0.1'

const noFile = (): never => {
  throw Object.assign(new Error('the demo reads no file'), { code: 'ENOENT' })
}
