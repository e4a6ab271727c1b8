/** The latest of something, for all who read it. */

export type Bulletin<T> = {
  latest(): T
  post(value: T): void
  /** Hears every later value. */
  read(reader: (value: T) => void): void
}

export const createBulletin = <T>(first: T): Bulletin<T> => {
  const readers: ((value: T) => void)[] = []
  let latest = first
  return {
    latest: () => latest,
    post: (value) => {
      latest = value
      for (const reader of readers) reader(value)
    },
    read: (reader) => void readers.push(reader),
  }
}
