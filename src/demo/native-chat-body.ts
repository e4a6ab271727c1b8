/** The body of `POST /api/chat`, read as strictly as Go reads it, and refused in Go's own words. */
import { z } from 'zod'
import { refusal, type NativeError } from './native-error.ts'

/** @returns the body, or the answer that refuses it. */
export const readChatBody = (
  text: string,
): { readonly body: ChatBody } | { readonly error: NativeError } => {
  const json = readJson(text)
  if ('error' in json) return json
  const result = chatBody.safeParse(json.value, { reportInput: true })
  if (result.success) return { body: result.data }
  return { error: refusal(400, goError(result.error.issues[0])) }
}

/** @returns any JSON, or the answer Ollama gives to what is none. */
export const readJson = (
  text: string,
): { readonly value: unknown } | { readonly error: NativeError } => {
  if (text.trim() === '') return { error: refusal(400, 'missing request body') }
  try {
    const value: unknown = JSON.parse(text)
    return { value }
  } catch (error) {
    return { error: refusal(400, goSyntaxError(text, error)) }
  }
}

const string = z.string().nullish()
const anyJson = z.unknown().optional()

const base64 = z.string().superRefine((text, context) => {
  const at = badBase64At(text)
  if (at !== null) context.addIssue(`illegal base64 data at input byte ${at}`)
})

const toolCall = z.object({
  id: string,
  function: z.object({
    index: z.int().nullish(),
    name: string,
    arguments: z
      .record(z.string(), anyJson, "Value looks like object, but can't find closing '}' symbol")
      .nullish(),
  }),
})

const message = z.object({
  role: string,
  content: string,
  thinking: string,
  images: z.array(base64).nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_name: string,
  tool_call_id: string,
})

/** A property of a tool's parameters: only these keys survive in Ollama (`api/types.go: ToolProperty`). */
const property = z.object({
  type: z.union([z.string(), z.array(z.string())]).nullish(),
  description: string,
  enum: z.array(anyJson).nullish(),
  items: anyJson,
  get anyOf() {
    return z.array(property).nullish()
  },
  get properties() {
    return z.record(z.string(), property).nullish()
  },
  required: z.array(z.string()).nullish(),
})

const tool = z.object({
  type: string,
  function: z
    .object({
      name: string,
      description: string,
      parameters: z
        .object({
          type: string,
          $defs: anyJson,
          items: anyJson,
          required: z.array(z.string()).nullish(),
          properties: z.record(z.string(), property).nullish(),
        })
        .nullish(),
    })
    .nullish(),
})

const LEVELS = '"high", "medium", "low", "max", true, or false'

const think = z
  .unknown()
  .transform((value, context): boolean | string | undefined => {
    if (value === undefined || value === null) return undefined
    if (typeof value === 'boolean') return value
    if (typeof value !== 'string') {
      context.addIssue(`think must be a boolean or string (${LEVELS})`)
    } else if (['high', 'medium', 'low', 'max'].includes(value)) {
      return value
    } else {
      context.addIssue(`invalid think value: "${value}" (must be ${LEVELS})`)
    }
    return undefined
  })
  .optional()

const keepAlive = z
  .unknown()
  .superRefine((value, context) => {
    if (value === undefined || value === null || typeof value === 'number') return
    if (typeof value !== 'string') context.addIssue(`Unsupported type: ${JSON.stringify(value)}`)
    else if (/^[-+]?\d+$/.test(value) && Number(value) !== 0) {
      context.addIssue(`time: missing unit in duration "${value}"`)
    } else if (!/^[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(value)) {
      context.addIssue(`time: invalid duration "${value}"`)
    }
  })
  .optional()

const chatBody = z.object({
  model: string,
  messages: z.array(message).nullish(),
  stream: z.boolean().nullish(),
  format: anyJson,
  options: z.record(z.string(), anyJson).nullish(),
  keep_alive: keepAlive,
  tools: z.array(tool).nullish(),
  think,
  truncate: z.boolean().nullish(),
  shift: z.boolean().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().nullish(),
})

/** What Ollama keeps of a chat request (`api/types.go: ChatRequest`). */
export type ChatBody = z.infer<typeof chatBody>
export type ChatBodyMessage = z.infer<typeof message>
export type ChatBodyTool = z.infer<typeof tool>

const GO_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  int: 'int',
  number: 'int',
  boolean: 'bool',
  array: '[]interface {}',
  object: 'struct',
  record: 'map[string]interface {}',
}

const goError = (issue: z.core.$ZodIssue | undefined): string => {
  if (issue === undefined) return 'invalid request'
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid')) return issue.message
  const path = issue.path.filter((key) => typeof key === 'string').join('.')
  const expected = GO_TYPES[issue.expected] ?? issue.expected
  return `json: cannot unmarshal ${goKind(issue.input)} into Go struct field ChatRequest.${path} of type ${expected}`
}

const goKind = (value: unknown): string => {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return value === null ? 'null' : typeof value
}

const goSyntaxError = (text: string, error: unknown): string => {
  const [, digits] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
  const at = digits === undefined ? text.length : Number(digits)
  if (text.slice(at).trim() === '') return 'unexpected EOF'
  return `invalid character '${text.charAt(at)}' looking for beginning of value`
}

/** Where a text stops being padded base64 of the standard alphabet (RFC 4648 § 4); `null` if nowhere. */
const badBase64At = (text: string): number | null => {
  const bad = /[^A-Za-z0-9+/\r\n]/.exec(text.replace(/={1,2}$/, (pad) => 'A'.repeat(pad.length)))
  if (bad !== null) return bad.index
  return text.replaceAll(/[\r\n]/g, '').length % 4 === 0 ? null : text.length
}
