/** Plays one example on a stage of its own. */
import { inTime } from '../support/deadline.ts'
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
  try {
    await inTime('the end of the play', example.play(stage), 15_000)
  } catch (cause) {
    promised(`the example was played to its end: ${String(cause)}`, false)
  }
  await inTime('the end of the stage', stage.close(), 5000).catch((cause: unknown) => {
    promised(`the stage could be cleared: ${String(cause)}`, false)
  })
  const { logged } = tolk
  const log = logged.join('')
  promised(
    'the log holds no key, no prompt and no address',
    ![CLIENT_KEY, UPSTREAM_KEY, PROMPT, '127.0.0.1', `:${ollama.port}`].some((word) =>
      log.includes(word),
    ),
  )
  return { example, kept, says: wire.says, logged, tookMs: performance.now() - began }
}

/** Whether all that was promised was kept. */
export const isAsPromised = ({ kept }: Performance): boolean => kept.every(({ isKept }) => isKept)
