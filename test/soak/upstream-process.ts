/** The upstream as the soak sees it: a process that is asked for figures, paused, killed and started again. */
import type { ChildProcess } from 'node:child_process'
import { inTime } from '../support/deadline.ts'
import { endProcess, fileOf, LATE_MS, startProcess } from './processes.ts'
import { upstreamNews, type UpstreamFigures, type UpstreamNews } from './upstream-news.ts'

export type Upstream = {
  readonly port: number
  readonly url: string
  figures(): Promise<UpstreamFigures>
  /** What its clients were blamed for already. */
  blamed: Pick<UpstreamFigures, 'tooOften' | 'pipelined' | 'unreadable'>
  /** Hears of watched requests, until it is replaced. */
  onNews: (news: UpstreamNews) => void
  pause(): void
  resume(): void
  kill(): Promise<void>
  /** Starts it again on the same port, after it was killed. */
  restart(): Promise<void>
}

export const startUpstream = async (): Promise<Upstream> => {
  let child: ChildProcess
  let waiting: ((figures: UpstreamFigures) => void)[] = []
  const start = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      child = startProcess([process.execPath, fileOf('upstream.ts'), String(port)])
      child.once('exit', () => reject(new Error('the upstream ended')))
      child.on('message', (message) => {
        const news = upstreamNews.parse(message)
        if (news.news === 'ready') return resolve(news.port)
        if (news.news !== 'figures') return upstream.onNews(news)
        for (const answer of waiting) answer(news)
        waiting = []
      })
    })
  const upstream: Upstream = {
    blamed: NOBODY,
    port: 0,
    url: '',
    figures: () => {
      const { promise, resolve } = Promise.withResolvers<UpstreamFigures>()
      waiting.push(resolve)
      child.send('figures')
      return inTime("the upstream's figures", promise, LATE_MS)
    },
    onNews: () => {},
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async () => void (await endProcess(child, 'SIGKILL')),
    restart: async () => {
      upstream.blamed = NOBODY
      await inTime('the upstream', start(upstream.port), LATE_MS)
    },
  }
  const port = await inTime('the upstream', start(0), LATE_MS)
  return Object.assign(upstream, { port, url: `http://127.0.0.1:${port}` })
}

const NOBODY = { tooOften: 0, pipelined: 0, unreadable: 0 } as const
