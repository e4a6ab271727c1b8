/** Writes `test/golden` anew: `node test/support/write-golden.ts`. Read the difference before you keep it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { filesOf, goldenOf } from './golden.ts'
import { chatRecordings } from './recordings.ts'

const ROOT = new URL('../golden/', import.meta.url)

rmSync(new URL('chat/', ROOT), { recursive: true, force: true })
for (const recording of chatRecordings()) {
  for (const [file, text] of filesOf(recording.name, goldenOf(recording))) {
    const place = new URL(file, ROOT)
    mkdirSync(new URL('./', place), { recursive: true })
    writeFileSync(place, text)
  }
}
