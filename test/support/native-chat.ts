/** Asks a native `/api/chat` and reads its lines, as strictly as Ollama writes them. */
import { z } from 'zod'
import { ask, type RawAnswer } from './raw-client.ts'

const line = z.looseObject({
  message: z
    .looseObject({
      content: z.string(),
      thinking: z.string().optional(),
      tool_calls: z
        .array(
          z.looseObject({
            id: z.string(),
            function: z.looseObject({
              name: z.string(),
              arguments: z.record(z.string(), z.unknown()),
            }),
          }),
        )
        .optional(),
    })
    .optional(),
  done: z.boolean().optional(),
  done_reason: z.string().optional(),
  logprobs: z.array(z.looseObject({ token: z.string(), logprob: z.number() })).optional(),
  prompt_eval_count: z.number().optional(),
  eval_count: z.number().optional(),
  error: z.string().optional(),
})

export type NativeLine = z.infer<typeof line>

export type NativeAnswer = RawAnswer & {
  readonly lines: readonly NativeLine[]
  readonly last: NativeLine
  /** All of a voice, in one piece. */
  readonly thinking: string
  readonly content: string
  readonly calls: readonly { readonly name: string; readonly arguments: object }[]
}

export const askNative = async (url: string, body: object): Promise<NativeAnswer> => {
  const answer = await ask(url, { path: '/api/chat', body })
  const lines = linesOf(answer.body)
  const said = lines.flatMap(({ message }) => message ?? [])
  return {
    ...answer,
    lines,
    last: lines.at(-1) ?? {},
    thinking: said.map(({ thinking = '' }) => thinking).join(''),
    content: said.map(({ content }) => content).join(''),
    calls: said
      .flatMap(({ tool_calls: calls = [] }) => calls)
      .map((call) => ({ name: call.function.name, arguments: call.function.arguments })),
  }
}

/** NDJSON, or one JSON object, read line by line. */
export const linesOf = (text: string): readonly NativeLine[] =>
  text
    .split('\n')
    .filter((one) => one !== '')
    .map((one) => line.parse(JSON.parse(one)))
