/**
 * How Ollama reads the body of `/api/chat`: a model of its Go structs (`api/types.go`, 0.33, as
 * `Message`, `Tool`, `Options.FromMap`, `Duration` and `ThinkValue` have them) and of what its handlers
 * refuse afterwards. Written from the structs, not from our encoder, so that it can disagree with it.
 */
import { parseJson } from '../../src/wire/json.ts'

/**
 * Reads a body as Ollama would.
 *
 * @returns what it keeps: no field that its structs do not name.
 * @throws Error saying what Ollama would answer with a 400 or a 500.
 */
export const readAsOllama = (text: string): unknown => request(parseJson(text), '')

/** Takes a value for a place of some Go type, and gives back what is kept of it. */
type Reader = (value: unknown, path: string) => unknown

const fault = (path: string, wanted: string): Error => new Error(`${path}: not ${wanted}`)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

/** encoding/json matches field names by Unicode's simple folding, and takes null for "leave it". */
const struct =
  (fields: Readonly<Record<string, Reader>>): Reader =>
  (value, path) => {
    if (value === null) return undefined
    if (!isObject(value)) throw fault(path, 'a struct')
    const kept: Record<string, unknown> = {}
    for (const [key, inner] of Object.entries(value)) {
      for (const [name, read] of Object.entries(fields)) {
        if (fold(key) === fold(name)) kept[name] = read(inner, `${path}.${key}`)
      }
    }
    return kept
  }

/** The long s and the Kelvin sign are the only others that fold to ASCII letters. */
const fold = (name: string): string =>
  name.toLowerCase().replaceAll('\u017f', 's').replaceAll('\u212a', 'k')

const slice =
  (read: Reader): Reader =>
  (value, path) => {
    if (value === null) return undefined
    if (!Array.isArray(value)) throw fault(path, 'a slice')
    return value.map((inner, index) => read(inner, `${path}[${index}]`))
  }

const map =
  (read: Reader): Reader =>
  (value, path) => {
    if (value === null) return undefined
    if (!isObject(value)) throw fault(path, 'a map')
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, read(inner, `${path}.${key}`)]),
    )
  }

const string: Reader = (value, path) => {
  if (value !== null && typeof value !== 'string') throw fault(path, 'a string')
  return value
}

const bool: Reader = (value, path) => {
  if (value !== null && typeof value !== 'boolean') throw fault(path, 'a bool')
  return value
}

const integer: Reader = (value, path) => {
  if (!Number.isSafeInteger(value)) throw fault(path, 'an int')
  return value
}

/** `any`: numbers become float64, and one beyond its range is an error. */
const any: Reader = (value, path) => {
  if (JSON.isRawJSON(value)) {
    if (!Number.isFinite(Number(value.rawJSON))) throw fault(path, 'a float64')
  } else if (Array.isArray(value)) slice(any)(value, path)
  else if (isObject(value)) map(any)(value, path)
  return value
}

const either =
  (...readers: readonly Reader[]): Reader =>
  (value, path) => {
    for (const read of readers) {
      try {
        return read(value, path)
      } catch {
        continue
      }
    }
    throw fault(path, 'any of its types')
  }

const base64: Reader = (value, path) => {
  const digits = typeof value === 'string' ? value : ''
  const standard = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
  if (digits === '' || !standard.test(digits)) throw fault(path, 'base64')
  return value
}

const property: Reader = (value, path) => struct(propertyFields)(value, path)

const propertyFields: Readonly<Record<string, Reader>> = {
  anyOf: slice(property),
  type: either(string, slice(string)),
  items: any,
  description: string,
  enum: slice(any),
  properties: map(property),
  required: slice(string),
}

const tool = struct({
  type: string,
  items: any,
  function: struct({
    name: string,
    description: string,
    parameters: struct({
      type: string,
      $defs: any,
      items: any,
      required: slice(string),
      properties: map(property),
    }),
  }),
})

const call = struct({
  id: string,
  function: struct({
    index: integer,
    name: string,
    arguments: (value, path) => {
      if (!isObject(value)) throw fault(path, 'an ordered map')
      return any(value, path)
    },
  }),
})

const message: Reader = (value, path) => {
  const kept = struct({
    role: string,
    content: string,
    thinking: string,
    images: slice(base64),
    tool_calls: slice(call),
    tool_name: string,
    tool_call_id: string,
  })(value, path)
  if (!isObject(value)) throw fault(path, 'a message')
  if (!['system', 'user', 'assistant', 'tool'].includes(String(value['role']))) {
    throw fault(`${path}.role`, 'a role of templates')
  }
  if (typeof value['content'] !== 'string') throw fault(`${path}.content`, 'there')
  return kept
}

/** `Options.FromMap`: keys by their exact name, null skipped, a wrong type is a 500. */
const options: Reader = (value, path) => {
  any(value, path)
  const kept = map((inner) => inner)(value, path)
  for (const [key, inner] of Object.entries(isObject(value) ? value : {})) {
    if (inner !== null) OPTIONS.get(key)?.(inner, `${path}.${key}`)
  }
  return kept
}

const float32: Reader = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
    throw fault(path, 'a float32')
  }
  return value
}

const isText = (item: unknown): boolean => typeof item === 'string'

const stop: Reader = (value, path) => {
  if (!Array.isArray(value) || !value.every(isText)) throw fault(path, 'an array of strings')
  return value
}

const INTEGERS = 'num_ctx num_batch num_gpu main_gpu num_thread draft_num_predict num_keep seed '
const MORE_INTEGERS = 'num_predict top_k repeat_last_n'
const FLOATS = 'temperature top_p min_p typical_p repeat_penalty presence_penalty frequency_penalty'

const OPTIONS: ReadonlyMap<string, Reader> = new Map([
  ...`${INTEGERS}${MORE_INTEGERS}`.split(' ').map((name) => [name, integer] as const),
  ...FLOATS.split(' ').map((name) => [name, float32] as const),
  ['use_mmap', bool],
  ['stop', stop],
])

/** `Duration.UnmarshalJSON`: seconds, or what `time.ParseDuration` takes. */
const duration: Reader = (value, path) => {
  if (typeof value === 'number') return value
  const text = typeof value === 'string' ? value : ''
  const terms = /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/
  if (!terms.test(text)) throw fault(path, 'a duration')
  return value
}

const think: Reader = (value, path) => {
  if (typeof value !== 'boolean' && !['low', 'medium', 'high', 'max'].includes(String(value))) {
    throw fault(path, 'a think value')
  }
  return value
}

const format: Reader = (value, path) => {
  if (value !== 'json' && !isObject(value)) throw fault(path, '"json" or a schema')
  // The schema goes on to the runner, whose reader takes no number beyond a double either.
  return any(value, path)
}

const topLogprobs: Reader = (value, path) => {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 20)
    throw fault(path, '0..20')
  return value
}

const never: Reader = (_value, path) => {
  throw fault(path, 'to be sent')
}

const request: Reader = (value, path) => {
  const kept = struct({
    model: string,
    messages: slice(message),
    stream: bool,
    format,
    options,
    keep_alive: duration,
    tools: slice(tool),
    think,
    truncate: bool,
    shift: never,
    logprobs: bool,
    top_logprobs: topLogprobs,
    _debug_render_only: never,
  })(value, path)
  if (!isObject(value) || value['model'] === '') throw fault('.model', 'there')
  return kept
}
