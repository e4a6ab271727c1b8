/** Variables whose quotes no shell took away, as docker's --env-file leaves them. */

/** Whether quotes stand around the whole value. They might belong to a secret, so nobody takes them off. */
export const isQuoted = (value: string): boolean => /^(["']).*\1$/s.test(value.trim())

/** The complaint about such a variable. */
export const quoted = (name: string): string =>
  `\`${name}\` stands in quotes, which are part of its value: where no shell reads them, as in docker's --env-file, leave them out.`
