/** The demo's models: what each can do, and how each answers. */
import { decide } from './mind.ts'
import type { NativeChat } from './native-chat.ts'
import { overflow, runnerError } from './native-error.ts'
import type { Script } from './script.ts'
import { speak } from './speech.ts'
import { createModel, type StandInModel } from './stand-in-model.ts'
import { promptTokens } from './tokens.ts'

/** Thinks and calls tools, sees and calls tools, only writes. All three follow a JSON Schema. */
export const DEMO_MODELS: readonly StandInModel[] = [
  createModel({
    name: 'demo-thinker:latest',
    abilities: ['completion', 'tools', 'thinking'],
    family: 'qwen3',
    window: 32_768,
    loaded: true,
  }),
  createModel({
    name: 'demo-vision:latest',
    abilities: ['vision', 'completion', 'tools'],
    family: 'gemma3',
    trained: 131_072,
    window: 32_768,
  }),
  createModel({
    name: 'demo-writer:latest',
    abilities: ['completion'],
    trained: 8192,
    window: 8192,
  }),
]

/**
 * How every demo model answers: the same request, the same words.
 *
 * @param pace 1 is a person's reading pace; 0 is as fast as it goes.
 */
export const createDemoScript =
  (pace: number) =>
  (chat: NativeChat): Script => {
    const { body, model } = chat
    const window = Number(body.options?.['num_ctx'] ?? model.window)
    const tokens = promptTokens(body)
    if (tokens > window && body.truncate === false) return [overflow(tokens, window)]
    const hasImages = (body.messages ?? []).some(({ images }) => (images ?? []).length > 0)
    if (hasImages && !model.abilities.includes('vision')) return [runnerError(500, NO_IMAGES)]
    return speak(decide(chat), chat, pace)
  }

const NO_IMAGES = {
  message:
    'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
  type: 'server_error',
}
