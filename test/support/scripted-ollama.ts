/** An Ollama of one model, `m`, that says what a test's script says; and the lines it says it with. */
import type { Step } from '../../src/demo/script.ts'
import { createStandIn, type StandIn, type StandInOptions } from '../../src/demo/stand-in.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'

export const createScriptedOllama = (options: StandInOptions = {}): Promise<StandIn> =>
  createStandIn({
    models: [createModel({ name: 'm', abilities: ['completion', 'tools'] })],
    script: () => HELLO,
    ...options,
  })

/** A line that says a piece of text. */
export const word = (content: string): Step => ({ line: message(content, { done: false }) })

/** The last line. */
export const done: Step = {
  line: message('', { done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 }),
}

/** A whole answer: "Hello." */
export const HELLO: readonly Step[] = [word('Hel'), word('lo.'), done]

/** The text of a step's line, its newline included. */
export const textOf = (step: Step): string =>
  'line' in step ? `${JSON.stringify(step.line)}\n` : ''

/** An answer's head and these pieces, each an HTTP chunk, in the bytes of one write. */
export const inOneWrite = (pieces: readonly string[], end: boolean): Step => ({
  raw: [
    'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n',
    ...pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`),
    end ? '0\r\n\r\n' : '',
  ].join(''),
})

function message(content: string, facts: object): object {
  return {
    model: 'm',
    created_at: '2026-11-21T00:00:00Z',
    message: { role: 'assistant', content },
    ...facts,
  }
}
