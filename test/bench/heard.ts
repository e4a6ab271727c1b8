/** What a client heard of an answer, held loosely against what was said: fast and wrong is no result. */
import { z } from 'zod'
import { spoken } from './tokens.ts'
import type { Workload } from './workload.ts'

/** How a proxy answers: OpenAI's events, or the upstream's own lines passed through. */
export type Speech = 'openai' | 'native'

export type Heard = {
  readonly text: string
  readonly reasoning: string
  readonly finishReason: string | null
  /** Whether the end was announced: `[DONE]`, or a line that says `done`. */
  readonly isDone: boolean
}

/** @throws when an event or line is not of its dialect. */
export const hearAnswer = (body: string, speech: Speech): Heard =>
  speech === 'openai' ? hearEvents(body) : hearLines(body)

/**
 * Why the answer is not what was said; undefined when it is.
 *
 * @param mayDropReasoning of a proxy that is known to leave the thinking out.
 */
export const faultIn = (
  { text, reasoning, finishReason, isDone }: Heard,
  workload: Workload,
  mayDropReasoning = false,
): string | undefined => {
  const said = spoken(workload)
  if (withoutMoments(text) !== said.text) return 'another text'
  const isSilent = mayDropReasoning && reasoning === ''
  if (!isSilent && withoutMoments(reasoning) !== said.reasoning) return 'another reasoning'
  if (finishReason !== 'stop') return `finish_reason ${finishReason}`
  return isDone ? undefined : 'no end'
}

const withoutMoments = (text: string): string => text.replaceAll(/@\d{16}/g, '@0000000000000000')

const hearEvents = (body: string): Heard => {
  let [text, reasoning, isDone] = ['', '', false]
  let finishReason: string | null = null
  for (const event of body.split(/\r?\n\r?\n/)) {
    if (!event.startsWith('data: ')) continue
    if (event === 'data: [DONE]') {
      isDone = true
      continue
    }
    const [choice] = chunkShape.parse(JSON.parse(event.slice('data: '.length))).choices
    text += choice?.delta.content ?? ''
    reasoning += choice?.delta.reasoning_content ?? choice?.delta.reasoning ?? ''
    finishReason = choice?.finish_reason ?? finishReason
  }
  return { text, reasoning, finishReason, isDone }
}

const hearLines = (body: string): Heard => {
  let [text, reasoning, isDone] = ['', '', false]
  let finishReason: string | null = null
  for (const line of body.split('\n')) {
    if (line === '') continue
    const { message, done, done_reason: reason } = lineShape.parse(JSON.parse(line))
    text += message.content
    reasoning += message.thinking ?? ''
    isDone ||= done
    finishReason = reason ?? finishReason
  }
  return { text, reasoning, finishReason, isDone }
}

const chunkShape = z.object({
  choices: z.array(
    z.object({
      delta: z.object({
        content: z.string().nullish(),
        reasoning_content: z.string().nullish(),
        reasoning: z.string().nullish(),
      }),
      finish_reason: z.string().nullish(),
    }),
  ),
})

const lineShape = z.object({
  message: z.object({ content: z.string(), thinking: z.string().optional() }),
  done: z.boolean(),
  done_reason: z.string().optional(),
})
