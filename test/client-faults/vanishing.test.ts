/** A client whose network is gone: no FIN, no RST, nothing; found out by what it leaves unanswered. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'

/** A network of its own takes Linux, iproute2, and leave to make one (user namespaces). */
const hasNetworks =
  spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up'], { timeout: 5000 }).status === 0

describe.skipIf(!hasNetworks)('C-06 a client that vanishes (needs unshare and ip)', () => {
  test('is given up by the kernel when heartbeats are not acknowledged: a 499, and its model stops', async () => {
    const program = runProgram({
      command: ['unshare', '-rn', process.execPath, VANISH],
      deadlineMs: 30_000,
    })
    try {
      const [text = ''] = await program.says(/^\[[^]*\]\n/)
      expect(JSON.parse(text)).toContainEqual(
        expect.objectContaining({ status: 499, outcome: 'client-closed', level: 'info' }),
      )
      expect((await program.ended).code).toBe(0)
    } finally {
      program.kill()
    }
  }, 40_000)
})

const VANISH = fileURLToPath(new URL('../support/vanish.ts', import.meta.url))
