/** Our log probabilities → OpenAI's `choices[].logprobs`. */
import type { Logprob } from '../../chat/event.ts'

/** The shape of both a chunk's and a whole choice's `logprobs`; `refusal` is null as OpenAI sends it. */
export const encodeLogprobs = (logprobs: readonly Logprob[]): object => ({
  content: logprobs.map(({ token, logprob, bytes, top }) => ({
    token,
    logprob,
    bytes,
    top_logprobs: top,
  })),
  refusal: null,
})
