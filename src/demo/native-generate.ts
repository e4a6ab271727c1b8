/** `POST /api/generate` of the stand-in (`server/routes.go: GenerateHandler`): a chat of one message, told in another shape. */
import { z } from 'zod'
import { checkChat, type NativeChat } from './native-chat.ts'
import { readJson } from './native-chat-body.ts'
import { refusal, type NativeError } from './native-error.ts'
import { fullName } from './native-name.ts'
import type { Script, Step } from './script.ts'
import type { StandInModel } from './stand-in-model.ts'

/**
 * @param say what a model says to a message; it may say it in lines, or whole.
 * @returns the answer that refuses the body, or what the model says.
 */
export const generate = (
  text: string,
  models: readonly StandInModel[],
  say: (chat: NativeChat) => Script,
): Script => {
  const json = readJson(text)
  if ('error' in json) return [json.error]
  const read = body.safeParse(json.value, { reportInput: true })
  if (!read.success) return [refusal(400, wrongType(read.error.issues[0]))]
  const { prompt = '', suffix, raw, template, system, context, ...rest } = read.data
  const messages = prompt === '' ? [] : [{ role: 'user', content: prompt }]
  const chat = checkChat(JSON.stringify({ ...rest, messages }), models)
  if ('error' in chat) return retold([chat.error])
  const asked = suffix ? lacksInsert(chat) : null
  if (asked !== null) return [asked]
  if (raw === true && Boolean(template || system || context?.length)) {
    return [refusal(400, 'raw mode does not support template, system, or context')]
  }
  const tokens = raw === true ? undefined : [0, 1, 2]
  return retold(say(chat), tokens)
}

const body = z.looseObject({
  model: z.string().optional(),
  prompt: z.string().optional(),
  suffix: z.string().nullish(),
  raw: z.boolean().nullish(),
  template: z.string().nullish(),
  system: z.string().nullish(),
  context: z.array(z.number()).nullish(),
})

const wrongType = (issue: z.core.$ZodIssue | undefined): string =>
  `json: cannot unmarshal into Go struct field GenerateRequest.${issue?.path.join('.') ?? ''}`

const lacksInsert = ({ name, model }: NativeChat): NativeError | null =>
  model.abilities.includes('insert')
    ? null
    : refusal(400, `${fullName(name) ?? name} does not support insert`)

/** A chat's lines as `api/types.go: GenerateResponse` has them; the last with the tokens so far, unless it was raw. */
async function* retold(script: Script, context?: readonly number[]): AsyncGenerator<Step> {
  for await (const step of script) yield retoldStep(step, context)
}

const retoldStep = (step: Step, context: readonly number[] | undefined): Step => {
  if ('line' in step) {
    const line = chatLine.safeParse(step.line)
    return line.success ? { line: generated(line.data, context) } : step
  }
  if ('status' in step && step.body !== undefined) {
    const whole = chatLine.safeParse(step.body)
    return whole.success ? { ...step, body: generated(whole.data, context) } : step
  }
  return step
}

const chatLine = z.looseObject({
  model: z.string(),
  created_at: z.string(),
  message: z.looseObject({
    content: z.string(),
    thinking: z.string().optional(),
    tool_calls: z.array(z.unknown()).optional(),
  }),
  done: z.boolean(),
  done_reason: z.string().optional(),
})

const generated = (
  { model, created_at: at, message, done, done_reason: reason, ...rest }: z.infer<typeof chatLine>,
  context: readonly number[] | undefined,
): object => ({
  model,
  created_at: at,
  response: message.content,
  ...(message.thinking !== undefined && { thinking: message.thinking }),
  done,
  ...(reason !== undefined && { done_reason: reason }),
  ...(done && context !== undefined && { context }),
  ...rest,
})
