/** The other half of every chat recording: what a client must get of it, streamed and whole. */
import { z } from 'zod'
import { decodeError } from '../../src/dialects/ollama/error.ts'
import { whole, type Slicing } from '../../src/demo/script.ts'
import type { ChatRecording } from './recordings.ts'
import { answerOf, fold, hear, stream, type Asked, type WholeAnswer } from './translate.ts'

const named = z.object({ function: z.object({ name: z.string() }) })

export type Golden = {
  /** The frames of a streaming client; `null` when it gets the same error as any other. */
  readonly sse: string | null
  readonly json: WholeAnswer
}

/**
 * Translates a recording, with a stamp of its own: id `chatcmpl-0`, time 0, the model that was asked for.
 *
 * @param slices how the upstream's bytes arrive.
 */
export const goldenOf = (
  { response, bytes, model, body }: ChatRecording,
  slices: Slicing = whole,
): Golden => {
  const offered = (body.tools ?? []).map((tool) => named.parse(tool).function.name)
  const asked: Asked = { model, includeUsage: true, offered }
  if (response.status !== 200) {
    const failure = decodeError({ status: response.status, body: bytes.toString('utf8') }, model)
    return { sse: null, json: answerOf(failure, asked) }
  }
  const batches = hear(
    Array.from(slices(bytes), (slice) => Buffer.from(slice).toString('latin1')),
    asked,
  )
  const [first] = batches.flat()
  return {
    sse: first?.type === 'failure' ? null : stream(batches, asked).join(''),
    json: answerOf(fold(batches), asked),
  }
}

/** The files that a recording's golden is kept in, below `test/golden`, and what they hold. */
export const filesOf = (name: string, { sse, json }: Golden): ReadonlyMap<string, string> =>
  new Map([...(sse === null ? [] : ([[`${name}.sse`, sse]] as const)), [`${name}.json`, json.body]])
