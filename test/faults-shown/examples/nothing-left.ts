/** L9: what one request leaves behind, a million leave a million times. */
import { chunked, line, reset, says, well, type Fault } from '../../support/fault-upstream.ts'
import type { Example } from '../example.ts'

const ROUNDS = 25

export const nothingLeft: Example = {
  place: 20,
  rows: ['R-19'],
  promise: 'A request leaves nothing behind: no socket, no timer, no listener',
  story: `${ROUNDS * 4} chats end well, are torn, are refused, and are left by their clients.`,
  others: 'a signal, a listener or a label for each request, until the memory is full.',
  play: async ({ ollama, tolk, stream, until, promised }) => {
    const warnings: string[] = []
    const warned = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', warned)
    const one = async (fault: Fault, isLeft: boolean, user: string): Promise<void> => {
      ollama.fault = fault
      const answering = await stream({ body: { user, metadata: { user } } })
      if (isLeft) {
        await answering.until(1)
        answering.leave()
      }
      await answering.ended()
    }
    const round = async (at: number): Promise<void> => {
      await one(well(false), false, `a${at}`)
      await one(says(chunked(line('one')), reset), false, `b${at}`)
      await one(says(`HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n`), false, `c${at}`)
      await one(says(chunked(line('one'))), true, `d${at}`)
    }
    const quiet = () => until(() => ollama.open.size === 0 && sockets() <= before)
    let before = Number.POSITIVE_INFINITY
    await round(0)
    await quiet()
    before = sockets()
    const timers = count('Timeout')
    for (let at = 1; at < ROUNDS; at++) await round(at)
    promised('no socket is left', await quiet())
    promised('no timer either', await until(() => count('Timeout') <= timers + 1))
    promised('and nothing was warned of, such as too many listeners', warnings.length === 0)
    const requests = tolk.logged.filter((text) => text.includes('"msg":"request"'))
    promised('each has one line in the log', requests.length === ROUNDS * 4)
    process.off('warning', warned)
  },
}

const count = (kind: string): number =>
  process.getActiveResourcesInfo().filter((each) => each === kind).length

const sockets = (): number => count('TCPSocketWrap')
