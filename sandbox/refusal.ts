/** Of a person's input or machine. Nobody could do anything about the others: what Node throws where this code is wrong. */
export function isRefusal(error: Error): boolean {
  return ![TypeError, RangeError, ReferenceError, SyntaxError].some((Mistake) => error instanceof Mistake);
}
