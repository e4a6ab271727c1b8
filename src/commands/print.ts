/** Where a command's words go. */

/** Takes text as it is; lines end with their own line break. */
export type Print = (text: string) => unknown
