/** The characters that give a JSON text its shape (RFC 8259 § 2), as UTF-16 code units. */

/** The last of JSON's four blanks, all of which come before any other character of valid JSON. */
export const BLANK = 0x20
export const QUOTE = 0x22
export const COMMA = 0x2c
/** The last of the characters that a number is made of, but for its exponent's letter. */
export const NINE = 0x39
export const COLON = 0x3a
export const OPEN_BRACKET = 0x5b
export const BACKSLASH = 0x5c
export const CLOSE_BRACKET = 0x5d
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
