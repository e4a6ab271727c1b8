/** Plays one example on a stage of its own. */
import type { Example } from './example.ts'
import { CLIENT_KEY, createStage, PROMPT, UPSTREAM_KEY, type Kept } from './stage.ts'
import type { Say } from './wire.ts'

export type Performance = {
  readonly example: Example
  /** What was promised; a fault of the example itself is a promise that was not kept. */
  readonly kept: readonly Kept[]
  readonly says: readonly Say[]
  /** The lines of tolk's log. */
  readonly logged: readonly string[]
  readonly tookMs: number
}

/** Never throws for what the example does. */
export const perform = async (example: Example): Promise<Performance> => {
  const began = performance.now()
  const stage = await createStage(example.settings)
  const { kept, promised, wire, tolk, ollama } = stage
  let port = ''
  try {
    port = String(ollama.port)
    await example.play(stage)
  } catch (cause) {
    promised(`the example was played to its end: ${String(cause)}`, false)
  } finally {
    await stage.close()
  }
  const { logged } = tolk
  const log = logged.join('')
  promised(
    'the log holds no key, no prompt and no address',
    ![CLIENT_KEY, UPSTREAM_KEY, PROMPT, '127.0.0.1', `:${port}`].some((word) => log.includes(word)),
  )
  return { example, kept, says: wire.says, logged, tookMs: performance.now() - began }
}

/** Whether all that was promised was kept. */
export const isAsPromised = ({ kept }: Performance): boolean => kept.every(({ isKept }) => isKept)
