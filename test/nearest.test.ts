import { describe, expect, test } from 'vitest'
import { nearest } from '../src/nearest.ts'

const keys = ['server', 'upstreams', 'models', 'auth', 'catalog', 'openai', 'limits', 'log']

describe('names the key that was probably meant', () => {
  test.each([
    ['servr', 'server', 'a letter missing'],
    ['serverr', 'server', 'a letter too many'],
    ['sevrer', 'server', 'two letters swapped'],
    ['Server', 'server', 'another case'],
    ['model', 'models', 'the singular'],
    ['upstream', 'upstreams', 'the singular of a longer one'],
    ['lgo', 'log', 'a short word with a swap'],
  ])('%s: %s (%s)', (word, meant) => {
    expect(nearest(word, keys)[0]).toBe(meant)
  })
})

describe('stays silent where a guess would only mislead', () => {
  test.each([['database'], ['x'], ['zz'], [''], ['y'.repeat(100_000)]])('%.20s', (word) => {
    expect(nearest(word, keys)).toEqual([])
  })
})

describe('suggests models', () => {
  const models = ['llama3.2:latest', 'llama3.3:70b', 'qwen3:8b', 'gpt-oss:20b', 'hf.co/x/Qwen3:Q4']

  test.each([
    ['llama3', ['llama3.3:70b', 'llama3.2:latest'], 'what goes on from the word, shortest first'],
    ['gpt-os:20b', ['gpt-oss:20b'], 'a slip'],
    ['qwen3', ['qwen3:8b', 'hf.co/x/Qwen3:Q4'], 'what begins with it before what holds it'],
    ['LLAMA3.2:LATEST', ['llama3.2:latest'], 'the same name in another case'],
  ])('%s: %j (%s)', (word, expected) => {
    expect(nearest(word, models)).toEqual(expected)
  })

  test('gives no more than was asked for', () => {
    expect(nearest('llama3', models, 1)).toEqual(['llama3.3:70b'])
  })

  test('names each candidate once', () => {
    expect(nearest('qwen3:8', ['qwen3:8b', 'qwen3:8b'])).toEqual(['qwen3:8b'])
  })
})
