/** Our log probabilities → the `logprobs` of a text completion: four lists, and each token's place. */
import type { Logprob } from '../../chat/event.ts'

/** Writes those of one choice, in one go or as they come: the places count on. */
export class CompletionLogprobs {
  #offset: number

  /** @param offset where the first token stands in the choice's text, in code points, as Python counts. */
  constructor(offset = 0) {
    this.#offset = offset
  }

  /**
   * JSON text. `top_logprobs` has for each token the likeliest ones and the token itself, so that it may have
   * one more than was asked for: the token alone where none were. It is never null, which OpenAI's own type does not allow.
   */
  encode(logprobs: readonly Logprob[]): string {
    const offsets = logprobs.map(({ token }) => {
      const offset = this.#offset
      this.#offset += Array.from(token).length
      return offset
    })
    const tokens = JSON.stringify(logprobs.map(({ token }) => token))
    const values = JSON.stringify(logprobs.map(({ logprob }) => logprob))
    const tops = `[${logprobs.map(encodeTop).join(',')}]`
    return `{"tokens":${tokens},"token_logprobs":${values},"top_logprobs":${tops},"text_offset":${JSON.stringify(offsets)}}`
  }
}

/** By text: of two tokens that read alike the likelier one counts. Written by hand, for a token may be `__proto__`. */
const encodeTop = ({ token, logprob, top }: Logprob): string => {
  const byText = new Map<string, number>()
  for (const each of [...top, { token, logprob }]) {
    if (!byText.has(each.token)) byText.set(each.token, each.logprob)
  }
  const pairs = [...byText].map(
    ([text, value]) => `${JSON.stringify(text)}:${JSON.stringify(value)}`,
  )
  return `{${pairs.join(',')}}`
}
