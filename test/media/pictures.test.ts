import { createServer } from 'node:http'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ChatRequest, Media } from '../../src/chat/request.ts'
import { Failed } from '../../src/failure.ts'
import type { Outside } from '../../src/media/fetch-picture.ts'
import { createPictures } from '../../src/media/pictures.ts'
import { inTime } from '../support/deadline.ts'

const PNG = Buffer.from('89504e470d0a1a0a0000000d494844520000000300000002', 'hex')
const SIGNAL = new AbortController().signal

const closers: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const close of closers.splice(0)) close()
})

/** A host of pictures: all but `/no…` is one, and `/hang…` is never answered. */
const start = async () => {
  const paths: string[] = []
  let atATime = 0
  let answered = 0
  let most = 0
  const server = createServer(({ url = '' }, reply) => {
    paths.push(url)
    most = Math.max(most, ++atATime)
    if (url.startsWith('/hang')) return
    setImmediate(() => {
      atATime--
      reply.writeHead(url.startsWith('/no') ? 404 : 200).end(PNG)
      reply.once('close', () => answered++)
    })
  })
  closers.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const names: string[] = []
  const outside: Outside = {
    resolve: (host, done) => {
      names.push(host)
      done(null, [{ address: '127.0.0.1', family: 4 }])
    },
    isPublic: () => true,
  }
  const config = { timeoutMs: 5000, maxBytes: 10_000, allowedHosts: [`good.example:${port}`] }
  return { port, paths, names, outside, config, most: () => most, answered: () => answered }
}

const remote = (url: string, index = 0): Media => ({
  kind: 'image',
  base64: '',
  from: { url, param: `messages[0].content[${index}].image_url` },
})

const asking = (...media: readonly Media[]): ChatRequest => ({
  model: 'm',
  messages: [{ role: 'user', text: 'What is it?', media }],
  tools: [],
  maxCalls: 1,
  sampling: {},
})

const mediaIn = ({ messages }: ChatRequest) =>
  messages.flatMap((message) => ('media' in message ? message.media : []))

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

const failureOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'no failure',
    (error: unknown) => (error instanceof Failed ? error.failure : error),
  )

test('each URL gives way to its picture, in its place, and is fetched once', async () => {
  const { port, paths, outside, config } = await start()
  const url = `http://good.example:${port}/a.png`
  const own: Media = { kind: 'image', base64: 'aaaa' }
  const filled = await createPictures(config, outside).fill(
    asking(own, remote(url), remote(url)),
    SIGNAL,
  )
  const picture = { kind: 'image', base64: PNG.toString('base64') }
  expect(mediaIn(filled)).toEqual([own, picture, picture])
  expect(paths).toEqual(['/a.png'])
})

test('a request without any is the same', async () => {
  const { outside, config } = await start()
  const request = asking({ kind: 'image', base64: 'aaaa' })
  expect(await createPictures(config, outside).fill(request, SIGNAL)).toBe(request)
})

test('F-02 a host that is not allowed is not even looked up, nor is any other of the request', async () => {
  const { port, names, outside, config } = await start()
  const media = [remote(`http://good.example:${port}/a.png`), remote('https://evil.example/', 1)]
  const failure = await failureOf(createPictures(config, outside).fill(asking(...media), SIGNAL))
  expect(failure).toMatchObject({
    kind: 'invalid-request',
    code: 'invalid_image_url',
    param: 'messages[0].content[1].image_url',
  })
  expect(names).toEqual([])
})

describe('F-10 of what stands behind a URL nothing is said', () => {
  test('neither why it failed, nor how soon', async () => {
    const { port, outside, config, answered } = await start()
    const pictures = createPictures(config, outside)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let isOver = false
    const failing = failureOf(
      pictures.fill(asking(remote(`http://good.example:${port}/no.png`)), SIGNAL),
    ).finally(() => (isOver = true))
    // What is fetched has its own deadline, which is over when it is.
    while (answered() === 0 || vi.getTimerCount() !== 1) await nextTurn()
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    vi.advanceTimersByTime(990)
    await nextTurn()
    expect(isOver).toBe(false)
    vi.advanceTimersByTime(20)
    expect(await failing).toMatchObject({
      message: expect.stringMatching(
        /could not be fetched, is none, or is too large\. Send the picture as a data URL/,
      ),
    })
    expect(JSON.stringify(await failing)).not.toMatch(/404|good\.example/)
  })
})

test('seventeen of them are too many', async () => {
  const { port, paths, outside, config } = await start()
  const media = Array.from({ length: 17 }, (_, index) =>
    remote(`http://good.example:${port}/${index}`, index),
  )
  const failure = await failureOf(createPictures(config, outside).fill(asking(...media), SIGNAL))
  expect(failure).toMatchObject({ message: expect.stringContaining('16 pictures') })
  expect(paths).toEqual([])
})

test('all together they may be as large as one, and eight are fetched at a time', async () => {
  const { port, outside, config, most } = await start()
  const media = Array.from({ length: 16 }, (_, index) =>
    remote(`http://good.example:${port}/${index}`, index),
  )
  const enough = { ...config, maxBytes: 16 * PNG.length }
  const filled = await createPictures(enough, outside).fill(asking(...media), SIGNAL)
  expect(mediaIn(filled)).toHaveLength(16)
  expect(most()).toBeLessThanOrEqual(8)
  const short = { ...config, maxBytes: 16 * PNG.length - 1 }
  expect(
    await failureOf(createPictures(short, outside).fill(asking(...media), SIGNAL)),
  ).toMatchObject({
    code: 'invalid_image_url',
  })
})

test('where one cannot be had the others are not waited for, nor asked for', async () => {
  const { port, paths, outside, config } = await start()
  const media = Array.from({ length: 16 }, (_, index) =>
    remote(`http://good.example:${port}/${index === 0 ? 'no' : 'hang'}-${index}`, index),
  )
  const pictures = createPictures(config, outside)
  const failure = await failureOf(pictures.fill(asking(...media), SIGNAL))
  expect(failure).toMatchObject({ param: 'messages[0].content[0].image_url' })
  // Only where the others have given back their places is there one for this.
  const alone = asking(remote(`http://good.example:${port}/a`))
  expect(mediaIn(await inTime('a picture', pictures.fill(alone, SIGNAL)))).toHaveLength(1)
  expect(paths.filter((path) => path.startsWith('/hang')).length).toBeLessThanOrEqual(8)
})

test('its bytes count where somebody counts them, and may be too many', async () => {
  const { port, outside, config } = await start()
  const request = asking(remote(`http://good.example:${port}/a`))
  const counted: number[] = []
  const take = (bytes: number) => {
    counted.push(bytes)
    return counted.length > 1 ? new Failed({ kind: 'overloaded', message: 'x' }) : undefined
  }
  const pictures = createPictures(config, outside)
  await pictures.fill(request, SIGNAL, take)
  expect(counted).toEqual([PNG.toString('base64').length])
  expect(await failureOf(pictures.fill(request, SIGNAL, take))).toMatchObject({
    kind: 'overloaded',
  })
})

test('a client that left is told nothing', async () => {
  const { port, outside, config } = await start()
  const left = AbortSignal.abort()
  const failing = createPictures(config, outside).fill(
    asking(remote(`http://good.example:${port}/a`)),
    left,
  )
  expect(await failureOf(failing)).toEqual({ kind: 'client-closed' })
})
