/** When the catalog is refreshed: at start, in the background, and once for all who want news. */

/** One refresh. Its promises never reject; the work itself reports how it ended. */
export type Refresh = {
  /** `asking` until the upstream's list is there, `listed` while details are fetched. */
  readonly stage: 'asking' | 'listed' | 'over'
  readonly listed: Promise<void>
  readonly over: Promise<void>
}

export type RefresherOptions = {
  /**
   * Does it, calls `listed` as soon as the list is there, and says whether the upstream could be asked.
   * Refreshes are numbered from 1, because one may begin while another still fetches details.
   */
  readonly work: (number: number, listed: () => void) => Promise<boolean>
  /** From the end of one refresh to the start of the next, milliseconds. */
  readonly everyMs: number
}

export type Refresher = {
  /** The refresh that was started last. */
  latest(): Refresh
  /** A refresh that starts after this call, the same one for everybody who asks meanwhile. */
  fresh(): Promise<Refresh>
  /** Starts none any more. */
  close(): void
}

/** Starts the first refresh at once. Its timers keep no process alive. */
export const createRefresher = ({ work, everyMs }: RefresherOptions): Refresher => {
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let count = 0
  let queued: Promise<Refresh> | undefined
  let lastFresh = Number.NEGATIVE_INFINITY

  const start = (): Refresh => {
    clearTimeout(timer)
    const number = ++count
    const listed = Promise.withResolvers<void>()
    const over = Promise.withResolvers<void>()
    const refresh: { -readonly [K in keyof Refresh]: Refresh[K] } = {
      stage: 'asking',
      listed: listed.promise,
      over: over.promise,
    }
    const list = () => {
      refresh.stage = 'listed'
      listed.resolve()
    }
    const go = async () => {
      const well = await work(number, list)
      list()
      refresh.stage = 'over'
      over.resolve()
      if (number !== count || closed) return
      timer = setTimeout(again, well ? everyMs : Math.min(everyMs, RETRY_MS)).unref()
    }
    void go()
    return refresh
  }

  const again = () => {
    latest = start()
  }

  const queue = async (): Promise<Refresh> => {
    await latest.listed
    const wait = lastFresh + APART_MS - performance.now()
    if (wait > 0) await pause(wait)
    queued = undefined
    lastFresh = performance.now()
    latest = start()
    return latest
  }

  let latest = start()
  return {
    latest: () => latest,
    fresh: () => (queued ??= queue()),
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** An upstream that is back is noticed this soon. */
const RETRY_MS = 5_000

// A flood of unknown names costs the upstream two small questions a second, and nobody who asks for a
// model that was just added is told that there is none.
const APART_MS = 500

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
