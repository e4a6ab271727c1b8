/** The port for scrapes: one path, two methods, and a fault that is said. */
import { afterEach, expect, test } from 'vitest'
import { listenForScrapes, type ScrapeListener } from '../../src/metrics/listener.ts'
import { ask } from '../support/raw-client.ts'

let listener: ScrapeListener
afterEach(() => listener.close())

const start = async (scrape = async () => 'a 1\n') => {
  const faults: unknown[] = []
  listener = await listenForScrapes({
    host: '127.0.0.1',
    port: 0,
    contentType: 'text/plain; version=0.0.4',
    scrape,
    onFault: (error) => faults.push(error),
  })
  return { url: new URL(listener.url).origin, faults }
}

test.for([
  ['GET', '/metrics', 200, 'a 1\n'],
  ['GET', '/metrics?name[]=a', 200, 'a 1\n'],
  ['HEAD', '/metrics', 200, ''],
  ['POST', '/metrics', 405, 'Use GET.\n'],
  ['GET', '/metrics/', 404, 'Only /metrics is here.\n'],
  ['GET', '/', 404, 'Only /metrics is here.\n'],
  ['GET', '/v1/models', 404, 'Only /metrics is here.\n'],
] as const)('%s %s is answered with %i', async ([method, path, status, body]) => {
  const { url } = await start()
  const answer = await ask(url, { method, path })
  expect([answer.status, answer.body]).toEqual([status, body])
  expect(answer.headers['x-content-type-options']).toBe('nosniff')
})

test('a fault of ours is a 500 that says nothing of it', async () => {
  const { url, faults } = await start(() => Promise.reject(new Error('canary')))
  const { status, body } = await ask(url, { path: '/metrics' })
  expect(status).toBe(500)
  expect(body).not.toContain('canary')
  expect(faults).toHaveLength(1)
})

test('a port in use is refused at once', async () => {
  await start()
  const port = Number(new URL(listener.url).port)
  const again = listenForScrapes({
    host: '127.0.0.1',
    port,
    contentType: '',
    scrape: async () => '',
    onFault: () => {},
  })
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
