import { expect, test } from 'vitest'
import { decodeDoneReason } from '../../../src/dialects/ollama/done-reason.ts'

test.for([
  ['stop', 'stop'],
  ['length', 'length'],
  ['load', 'stop'],
  ['unload', 'stop'],
  ['connection closed', 'stop'],
  ['content_filter', 'stop'],
  ['LENGTH', 'stop'],
  ['', 'stop'],
  [null, 'stop'],
  [undefined, 'stop'],
] as const)('%s is read as %s', ([doneReason, reason]) => {
  expect(decodeDoneReason(doneReason)).toBe(reason)
})
