/** Who is there; that nobody is kept who has left, `test/e2e/garbage.test.ts` counts. */
import { expect, test } from 'vitest'
import { Roster } from '../src/roster.ts'

test('counts and names who is there', () => {
  const roster = new Roster<string>()
  roster.join('a')
  const place = roster.join('b')
  roster.join('c')
  roster.leave(place)
  expect([...roster]).toEqual(['a', 'c'])
  expect(roster.size).toBe(2)
})

test('gives a place that is free to the next', () => {
  const roster = new Roster<string>()
  roster.join('a')
  const place = roster.join('b')
  roster.leave(place)
  expect(roster.join('c')).toBe(place)
  expect([...roster]).toEqual(['a', 'c'])
})

test('who leaves while they are gone through is passed over, and spoils it for nobody', () => {
  const roster = new Roster<string>()
  const places = ['a', 'b', 'c'].map((name) => roster.join(name))
  const heard: string[] = []
  for (const name of roster) {
    heard.push(name)
    if (name === 'a') roster.leave(places[1] ?? 0)
  }
  expect(heard).toEqual(['a', 'c'])
})
