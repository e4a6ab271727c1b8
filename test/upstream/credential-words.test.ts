import { expect, test } from 'vitest'
import { hiding } from '../../src/upstream/credential-words.ts'

const basic = (pair: string): string => Buffer.from(pair).toString('base64')

test.each<[what: string, headers: Record<string, string>, text: string, rest: string]>([
  ['a key', { authorization: 'Bearer k3y-4' }, 'no k3y-4, no Bearer k3y-4', 'no …, no …'],
  ['a header', { 'x-gate': 'open sesame' }, 'no open sesame', 'no …'],
  [
    'a user and a password, in each form',
    { authorization: `Basic ${basic('user:pass word')}` },
    `user user, pass word, user:pass word, ${basic('user:pass word')}`,
    '… …, …, …, …',
  ],
  ['a password with a colon', { authorization: `Basic ${basic('user:a:bcd')}` }, 'a:bcd', '…'],
  ['one within another', { authorization: 'Bearer aaaa', 'x-key': 'aaaabbbb' }, 'aaaabbbb', '…'],
])('S-13 takes out %s', (_, headers, text, rest) => {
  expect(hiding(headers)(text)).toBe(rest)
})

test('leaves what is too short to be told from words, and everything where there is no credential', () => {
  expect(hiding({ authorization: `Basic ${basic('a:b')}` })('a b a:b')).toBe('a b a:b')
  expect(hiding({})('anything')).toBe('anything')
})
