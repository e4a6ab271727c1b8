/** An upstream's answer taken out of HTTP: heads, and chunks as Ollama writes them, one to a token. */
import { expect, test } from 'vitest'
import { BodyDecoder } from '../../../src/wire/http-body.ts'
import { HeadDecoder } from '../../../src/wire/http-head.ts'
import { recording } from '../../support/recordings.ts'

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nDate: Fri, 21 Nov 2025 11:16:43 GMT\r\nTransfer-Encoding: chunked\r\n\r\n'

test('a head', async ({ bench }) => {
  const decoder = new HeadDecoder()
  expect(decoder.feed(HEAD)).toMatchObject({ status: 200, framing: 'chunked' })
  decoder.reset()
  await bench('in one read', () => {
    decoder.feed(HEAD)
    decoder.reset()
  }).run()
})

test('a body of 640 chunks, by chunks per read', async ({ bench }) => {
  const lines = recording('chat/native/think-text')
    .bytes.toString('latin1')
    .split(/(?<=\n)/)
  let payload = 0
  const chunks = Array.from({ length: 640 }, (_, index) => {
    const line = lines[index % lines.length] ?? ''
    payload += line.length
    return `${line.length.toString(16)}\r\n${line}\r\n`
  })
  const body = new BodyDecoder()
  body.start('chunked', 0)
  expect(chunks.flatMap((one) => body.feed(one)).join('')).toHaveLength(payload)
  const through = (perRead: number) => {
    const reads = Array.from({ length: chunks.length / perRead }, (_, index) =>
      chunks.slice(index * perRead, (index + 1) * perRead).join(''),
    )
    return () => {
      body.start('chunked', 0)
      for (const read of reads) body.feed(read)
    }
  }
  await bench.compare(
    bench('1 to a read', through(1)),
    bench('8 to a read', through(8)),
    bench('64 to a read', through(64)),
  )
})
