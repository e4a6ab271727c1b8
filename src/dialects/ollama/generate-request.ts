/** PromptRequest → the body of `POST /api/generate` (`api/types.go: GenerateRequest`, 0.33). */
import type { Serving } from '../../catalog/model-card.ts'
import { isExact, type PromptRequest } from '../../chat/prompt.ts'
import { escapedInPieces } from './message.ts'
import { encodeOptions } from './options.ts'

/**
 * As with a chat, what nobody asked for is not there, the answer is always streamed, and a prompt that is too
 * long is an error unless the operator chose the silent cut.
 *
 * A raw prompt and a gap are answered in the model's own letters: `think` is false there, for with it Ollama
 * would take what looks like a thought out of them.
 *
 * @param request fitted to its model (`catalog/fit.ts`).
 * @param model the upstream's own name.
 * @returns the body in pieces: a long prompt is several.
 */
export function* encodeGenerateRequest(
  request: PromptRequest,
  model: string,
  { overflow }: Pick<Serving, 'overflow'>,
): Generator<string, void> {
  const { prompt, suffix, raw } = request
  const more = JSON.stringify({
    raw: raw || undefined,
    stream: true,
    truncate: overflow === 'truncate',
    format: request.format,
    think: isExact(request) ? false : request.effort,
    options: encodeOptions(request),
    keep_alive: request.keepAlive,
    logprobs: request.logprobs && true,
    top_logprobs: request.logprobs?.top || undefined,
  })
  let text = `{"model":${JSON.stringify(model)}`
  for (const [name, value] of [
    ['prompt', prompt],
    ['suffix', suffix],
  ]) {
    if (value === undefined) continue
    text += `,"${name}":"`
    for (const piece of escapedInPieces(value)) {
      text += piece
      if (text.length < MOST) continue
      yield text
      text = ''
    }
    text += '"'
  }
  yield `${text},${more.slice(1)}`
}

/** Characters of a piece: about a millisecond. */
const MOST = 512 * 1024
