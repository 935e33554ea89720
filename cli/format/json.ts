/** JSON escapes a part of the control characters only; a terminal obeys the others as well. */
const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** For programs, and safe to look at: what cannot be seen is escaped, which means the same to a parser. */
export function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(INVISIBLE, (found) =>
    Array.from(
      { length: found.length },
      (_, unit) => `\\u${found.charCodeAt(unit).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
