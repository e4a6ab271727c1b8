/** Tool calls in the history: `tool_calls`, and the `function_call` of before there were any. */
import { z } from 'zod'
import type { JsonObject, PastCall } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'
import { list } from './field.ts'
import { assertReadable, type InnerJson } from './json-value.ts'
import { invalid, missing, unsupported } from './refusal.ts'

const called = z.object({ name: z.string(), arguments: z.unknown().optional() })

export const functionCall = called.nullish()

export const toolCalls = list(
  z.object({ id: z.string().nullish(), type: z.string().nullish(), function: called.nullish() }),
).nullish()

/** @throws Failed naming the call, and where it lies `param`. */
export const decodeToolCalls = (
  calls: z.infer<typeof toolCalls>,
  param: string,
  inner: InnerJson,
): readonly PastCall[] =>
  (calls ?? []).map(({ id, type, function: call }, index) => {
    const at = `${param}[${index}]`
    if (type != null && type !== '' && type !== 'function') {
      throw unsupported(`${at}.type`, "tolk knows tool calls of type 'function' only.")
    }
    if (call == null) throw missing(`${at}.function`)
    return {
      id: id ?? '',
      name: call.name,
      arguments: decodeArguments(call.arguments, `${at}.function.arguments`, inner),
    }
  })

/** A legacy call has no id: its answer finds it by name. */
export const decodeFunctionCall = (
  call: z.infer<typeof functionCall>,
  param: string,
  inner: InnerJson,
): readonly PastCall[] =>
  call == null
    ? []
    : [
        {
          id: '',
          name: call.name,
          arguments: decodeArguments(call.arguments, `${param}.arguments`, inner),
        },
      ]

/** The text of a JSON object, digit for digit; models write nothing at all for a call without any. */
const decodeArguments = (wire: unknown, param: string, inner: InnerJson): JsonObject => {
  const value = typeof wire === 'string' ? readArguments(wire, param, inner) : (wire ?? {})
  if (!isJsonObject(value)) throw invalid(param, NOT_ARGUMENTS)
  assertReadable(value, param)
  // Rare, and a copy of everything.
  return typeof wire === 'string' && !wire.includes('-0') ? value : withSigns(value)
}

/** `JSON.stringify` would write -0 as 0. */
const withSigns = (values: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, withSign(value)]))

const withSign = (value: unknown): unknown => {
  if (Object.is(value, -0)) return JSON.rawJSON('-0')
  if (Array.isArray(value)) return value.map((item) => withSign(item))
  return isJsonObject(value) ? withSigns(value) : value
}

const readArguments = (text: string, param: string, inner: InnerJson): unknown =>
  text.trim() === '' ? {} : inner.read(text, param, NOT_ARGUMENTS)

const NOT_ARGUMENTS = 'expected the text of a JSON object.'
