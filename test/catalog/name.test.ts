import { expect, test } from 'vitest'
import { shortName, spellings } from '../../src/catalog/name.ts'

test.each([
  ['native', ['native', 'native:latest']],
  ['native:latest', ['native:latest']],
  ['ollama/native', ['ollama/native', 'native', 'ollama/native:latest', 'native:latest']],
  ['LAN/native:v1', ['LAN/native:v1', 'native:v1']],
  ['host:5000/team/model', ['host:5000/team/model', 'host:5000/team/model:latest']],
  ['ollama/', ['ollama/', 'ollama/:latest']],
  ['', ['', ':latest']],
])('%j may mean %j', (name, names) => {
  expect(spellings(name, 'lan')).toEqual(names)
})

test('strips a prefix once', () => {
  expect(spellings('ollama/ollama/x:1', 'ollama')).toEqual(['ollama/ollama/x:1', 'ollama/x:1'])
})

test.each([
  ['native:latest', 'native'],
  ['native:v1', 'native:v1'],
  ['native', 'native'],
])('%s is short for people as %s', (name, short) => {
  expect(shortName(name)).toBe(short)
})
