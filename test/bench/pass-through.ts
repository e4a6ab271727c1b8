/**
 * "A", the reference: a reverse proxy that copies bytes with node:http and looks at none of them.
 *
 * `node pass-through.ts UPSTREAM_PORT`; every path goes to `/api/chat`, and answers come back as they are.
 */
import { Agent, createServer, request } from 'node:http'
import type { UpstreamNews } from './news.ts'

const upstreamPort = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxFreeSockets: 20_000 })

const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
  const onward = request(
    {
      host: '127.0.0.1',
      port: upstreamPort,
      path: '/api/chat',
      method: 'POST',
      agent,
      headers: incoming.headers,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, {
        'content-type': answer.headers['content-type'],
      })
      answer.pipe(outgoing)
    },
  )
  onward.on('error', () => outgoing.destroy())
  outgoing.on('close', () => {
    if (!outgoing.writableEnded) onward.destroy()
  })
  incoming.pipe(onward)
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address === null || typeof address !== 'object') return
  const news: UpstreamNews = { news: 'ready', port: address.port }
  process.send?.(news)
})
process.on('disconnect', () => process.exit())
