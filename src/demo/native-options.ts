/** The types of `options`, as Ollama insists on them (`api/types.go: Options.FromMap`). */

type OptionType = 'float32' | 'integer' | 'boolean' | 'array'

const TYPES: Readonly<Record<string, OptionType>> = {
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  num_thread: 'integer',
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  draft_num_predict: 'integer',
  top_k: 'integer',
  repeat_last_n: 'integer',
  use_mmap: 'boolean',
  temperature: 'float32',
  top_p: 'float32',
  min_p: 'float32',
  typical_p: 'float32',
  repeat_penalty: 'float32',
  presence_penalty: 'float32',
  frequency_penalty: 'float32',
  stop: 'array',
}

/** @returns Ollama's sentence about the first option of a wrong type; unknown and null ones pass. */
export const optionError = (options: Readonly<Record<string, unknown>>): string | null => {
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined
    if (type === undefined || value === null) continue
    if (!FITS[type](value)) return `option "${name}" must be of type ${type}`
    if (Array.isArray(value) && value.some((item) => typeof item !== 'string')) {
      return `option "${name}" must be of type an array of strings`
    }
  }
  return null
}

const FITS: Readonly<Record<OptionType, (value: unknown) => boolean>> = {
  float32: (value) => typeof value === 'number',
  integer: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
}
