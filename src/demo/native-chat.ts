/** What Ollama checks before a chat reaches a model, in Ollama's order (`server/routes.go: ChatHandler`). */
import { readChatBody, type ChatBody } from './native-chat-body.ts'
import { refusal, type NativeError } from './native-error.ts'
import { fullName, isSameModel } from './native-name.ts'
import { optionError } from './native-options.ts'
import type { StandInModel } from './stand-in-model.ts'

/** A chat that passed every check, and the model it is for. */
export type NativeChat = {
  readonly body: ChatBody
  /** The model's name as it was asked for: answers echo it. */
  readonly name: string
  readonly model: StandInModel
}

/** @returns the chat, or the answer that refuses or settles it without a model saying anything. */
export const checkChat = (
  text: string,
  models: readonly StandInModel[],
): NativeChat | { readonly error: NativeError } => {
  const read = readChatBody(text)
  if ('error' in read) return read
  const { body } = read
  if ((body.top_logprobs ?? 0) < 0 || (body.top_logprobs ?? 0) > 20) {
    return { error: refusal(400, 'top_logprobs must be between 0 and 20') }
  }
  const name = (body.model ?? '').trim()
  if (name === '') return { error: refusal(400, 'model is required') }
  if (fullName(name) === null) return { error: refusal(400, 'invalid model name') }
  const model = models.find((known) => isSameModel(known.name, name))
  if (model === undefined) return { error: refusal(404, `model '${name}' not found`) }
  const error = cannot(body, name, model) ?? settled(body, name) ?? badFormat(body.format)
  return error === null ? { body, name, model } : { error }
}

const cannot = (body: ChatBody, name: string, model: StandInModel): NativeError | null => {
  const can = (ability: 'completion' | 'tools' | 'thinking'): boolean =>
    model.abilities.includes(ability)
  if (body.messages?.length === 0 && body.keep_alive === 0) return null
  if (!can('thinking') && body.think !== undefined && body.think !== false) {
    return refusal(400, `"${name}" does not support thinking`)
  }
  if (!can('completion')) return refusal(400, `"${name}" does not support chat`)
  if ((body.tools ?? []).length > 0 && !can('tools')) {
    return refusal(400, `${fullName(name)} does not support tools`)
  }
  const option = optionError(body.options ?? {})
  return option === null ? null : refusal(500, option)
}

/** No messages: the model is loaded, or with `keep_alive: 0` unloaded, and nothing is said. */
const settled = (body: ChatBody, name: string): NativeError | null => {
  if ((body.messages ?? []).length > 0) return null
  return {
    status: 200,
    body: {
      model: name,
      created_at: new Date().toISOString(),
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: body.keep_alive === 0 ? 'unload' : 'load',
    },
  }
}

const badFormat = (format: unknown): NativeError | null => {
  const isFormat =
    format === undefined ||
    format === null ||
    format === '' ||
    format === 'json' ||
    (typeof format === 'object' && !Array.isArray(format))
  if (isFormat) return null
  const said = JSON.stringify(JSON.stringify(format))
  return {
    ...refusal(500, `invalid format: ${said}; expected "json" or a valid JSON Schema object`),
    headers: { 'content-type': 'application/json' },
  }
}
