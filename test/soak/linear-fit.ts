/** The straight line that lies closest to many points (least squares). */

export type Point = { readonly x: number; readonly y: number }

export type Line = {
  /** How much y grows with each x. */
  readonly slope: number
  /** y where x is 0. */
  readonly start: number
}

/** @throws when there are not two different x. */
export const linearFit = (points: readonly Point[]): Line => {
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2))
  if (!(spread > 0)) throw new Error('a line needs two points that are apart')
  const slope = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread
  return { slope, start: meanY - slope * meanX }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length
