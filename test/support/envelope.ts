/** OpenAI's error envelope, as every 4xx and 5xx must be, the parser's included. */
import type { IncomingHttpHeaders } from 'node:http'
import { expect } from 'vitest'
import { z } from 'zod'

const envelope = z.strictObject({
  error: z.strictObject({
    message: z.string().min(10),
    type: z.enum(['invalid_request_error', 'server_error', 'rate_limit_error']),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})

export type EnvelopeError = z.infer<typeof envelope>['error']

/** @returns the error of an answer that is a whole, well-formed refusal; fails when it is not. */
export const refusalIn = (answer: {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}): EnvelopeError => {
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(answer.body)),
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
  })
  return envelope.parse(JSON.parse(answer.body)).error
}
