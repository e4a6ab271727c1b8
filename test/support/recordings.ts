/** The recordings of a real Ollama (`test/recordings/README.md`), loaded by folder or by name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'

export type Recording = {
  /** Its path without the ending, as in `chat/native/two-calls`. */
  readonly name: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    /** JSON, or the text that was sent instead of any. */
    readonly body: unknown
  }
  readonly response: {
    readonly status: number
    /** Empty when there was none. */
    readonly contentType: string
    /** Whether the answer ended as HTTP wants it to. */
    readonly complete: boolean
  }
  /** The response's bytes, verbatim. */
  readonly bytes: Buffer
}

/** A recording under `chat/`, as in `chat/<model>/<scenario>`. */
export type ChatRecording = Recording & {
  /** As it was asked for, as in `native` or `team/namespaced:v1`. */
  readonly model: string
  readonly scenario: string
  /** What the last message asked for, without its `@@`; empty when there was none. */
  readonly mark: string
  readonly body: ChatRecordingBody
}

export type ChatRecordingBody = z.infer<typeof chatBody>

/** @throws when there is no such recording. */
export const recording = (name: string): Recording => {
  const { request, response } = meta.parse(JSON.parse(read(`${name}.json`).toString('utf8')))
  const stream = `${name}.ndjson`
  return {
    name,
    request: { ...request, body: request.body },
    response,
    bytes: read(existsSync(new URL(stream, ROOT)) ? stream : `${name}.body`),
  }
}

/** Every recording in and below a folder such as `errors`, in the order of their names. */
export const recordingsUnder = (folder: string): readonly Recording[] =>
  readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => `${folder}/${file.slice(0, -'.json'.length)}`)
    .toSorted()
    .map(recording)

/** Every recording of `/api/chat` that is not an error of the request's own. */
export const chatRecordings = (): readonly ChatRecording[] => recordingsUnder('chat').map(chatOf)

/** The `@@scenario` in a chat's last user message, without the `@@`; empty when there is none. */
export const markIn = (messages: readonly MarkedMessage[]): string => {
  const last = messages.findLast(({ role }) => role === 'user')
  const [, mark = ''] = /@@([\w-]+)/.exec(last?.content ?? '') ?? []
  return mark
}

type MarkedMessage = {
  readonly role?: string | null | undefined
  readonly content?: string | null | undefined
}

const chatOf = (one: Recording): ChatRecording => {
  const body = chatBody.parse(one.request.body)
  const [, , scenario = ''] = one.name.split('/')
  return { ...one, model: body.model, scenario, mark: markIn(body.messages), body }
}

const ROOT = new URL('../recordings/', import.meta.url)

const read = (file: string): Buffer => readFileSync(new URL(file, ROOT))

const meta = z.object({
  request: z.object({
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional(),
  }),
  response: z.object({ status: z.number(), contentType: z.string(), complete: z.boolean() }),
})

const chatBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })),
  stream: z.boolean().optional(),
  tools: z.array(z.unknown()).optional(),
  think: z.union([z.boolean(), z.string()]).optional(),
  format: z.unknown().optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.number().optional(),
  options: z.record(z.string(), z.unknown()).optional(),
})
