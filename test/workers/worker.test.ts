/** A worker, and what its primary says before it is ready to hear it. */
import { expect, test } from 'vitest'
import type { Access } from '../../src/config/renewal.ts'
import { joinPrimary } from '../../src/workers/worker.ts'
import { portPair } from '../support/port-pair.ts'

const access = (key: string): Access => ({
  keys: [{ name: key, sha256: '', models: null, requestsPerMinute: null }],
  revokedStreams: 'finish',
  upstreamHeaders: { authorization: `Bearer ${key}` },
})

test('S-07 keys that change while it starts count as soon as it can be told, and later ones at once', async () => {
  const { primary, worker } = portPair()
  primary.hear(({ say }) => {
    if (say !== 'here') return
    const state = { knowledge: 'none', reachable: false, failure: undefined } as const
    primary.send({ say: 'welcome', known: { cards: [], state } })
    primary.send({ say: 'access', access: access('early') })
    primary.send({ say: 'access', access: access('newer') })
  })
  const link = await joinPrimary(worker, 'same')
  await new Promise((resolve) => setImmediate(resolve))
  const told: Access[] = []
  link.renewed((each) => told.push(each))
  expect(told).toEqual([access('newer')])
  primary.send({ say: 'access', access: access('late') })
  await expect.poll(() => told.length).toBe(2)
  expect(told.at(-1)).toEqual(access('late'))
})
