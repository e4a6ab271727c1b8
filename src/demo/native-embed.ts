/** `POST /api/embed` of the stand-in (`server/routes.go: EmbedHandler`): texts → vectors that mean nothing. */
import { z } from 'zod'
import { hashOf } from './hash.ts'
import { readJson } from './native-chat-body.ts'
import { refusal } from './native-error.ts'
import { isSameModel, shortName } from './native-name.ts'
import type { Script } from './script.ts'
import type { StandInModel } from './stand-in-model.ts'

/** Numbers in a vector, as the recordings under `embed/` have them. */
const SIZE = 8

/** The same text has the same vector, and a longer one of the same words one that is not far. */
export const embed = (text: string, models: readonly StandInModel[]): Script => {
  const json = readJson(text)
  if ('error' in json) return [json.error]
  const read = body.safeParse(json.value)
  if (!read.success) return [refusal(400, 'invalid input type')]
  const { model: name, input, truncate, dimensions } = read.data
  const model = models.find((known) => isSameModel(known.name, name))
  if (model === undefined) {
    return [refusal(404, `model "${shortName(name)}" not found, try pulling it first`)]
  }
  const inputs = typeof input === 'string' ? (input === '' ? [] : [input]) : (input ?? [])
  if (inputs.length === 0) return [{ status: 200, body: { model: name, embeddings: [] } }]
  const counts = inputs.map((each) => wordsOf(each).length)
  if (truncate === false && counts.some((count) => count > model.window)) {
    return [refusal(400, 'the input length exceeds the context length')]
  }
  const embeddings = inputs.map((each) =>
    vectorOf(wordsOf(each).slice(0, model.window), dimensions),
  )
  const promptTokens = counts.reduce((sum, count) => sum + Math.min(count, model.window), 0)
  const facts = { total_duration: 3_000_000, load_duration: 1_000_000 }
  return [
    {
      status: 200,
      body: { model: name, embeddings, ...facts, prompt_eval_count: promptTokens },
    },
  ]
}

const body = z.object({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string())]).nullish(),
  truncate: z.boolean().nullish(),
  dimensions: z.int().nullish(),
})

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')

/** Of length 1, in 32-bit floats; cut and made 1 again where fewer numbers are asked for. */
const vectorOf = (words: readonly string[], dimensions: number | null | undefined): number[] => {
  const sums = Array.from({ length: SIZE }, (_, index) =>
    words.reduce((sum, word) => sum + hashOf(`${index} ${word}`) / 2 ** 31 - 1, 0),
  )
  const kept = sums.slice(0, dimensions != null && dimensions > 0 ? dimensions : SIZE)
  const length = Math.hypot(...kept) || 1
  return kept.map((value) => Math.fround(value / length))
}
