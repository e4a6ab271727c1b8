/** /api/generate's NDJSON lines → ChatEvent (`api/types.go: GenerateResponse`, 0.33). */
import { z } from 'zod'
import type { Failure } from '../../failure.ts'
import { answerFields, type LineReading } from './chat-response.ts'

/** A chat's line but for what the model says, which stands in no message. Tokens of `context` are not looked at. */
const generateResponse = z
  .object({ response: z.string().nullish(), thinking: z.string().nullish(), ...answerFields })
  .transform(({ response, thinking, ...rest }) => ({
    ...rest,
    message: response == null && thinking == null ? null : { content: response, thinking },
  }))

/** For a `ChatResponseDecoder` that reads `/api/generate`; it has no fast lane. */
export const GENERATE: LineReading = { plain: () => null, response: generateResponse }

/** A prompt that is too long was no conversation. */
export const ofPrompt = (failure: Failure): Failure =>
  failure.kind === 'context-exceeded'
    ? {
        ...failure,
        param: 'prompt',
        message: failure.message.replace('Shorten the messages', 'Shorten the prompt'),
      }
    : failure
