/**
 * Of how many examples a property is tried. `npm test` takes a few, `npm run test:histories` ten times as many: `EXAMPLES=N`, N
 * times as many.
 */
const MORE = Number(process.env.EXAMPLES ?? 1);
if (!(MORE > 0)) throw new Error(`EXAMPLES=${process.env.EXAMPLES ?? ""}: give a number above 0`);
/** CI gives another one each time, so that a few runs have them all. */
const TURN = Number(process.env.HISTORIES_SEED ?? 0);

export function examples(few: number): { readonly numRuns: number } {
  return { numRuns: Math.ceil(few * MORE) };
}

/** The size of a case whose cost grows with it: `npm test` takes the small one, `npm run test:histories` the large one. */
export function sizeOf(small: number, large: number): number {
  return Math.min(large, Math.ceil(small * MORE));
}

/** Of a whole that can be counted, one in so many, and all of it in `npm run test:histories`. */
export function isExample(index: number, oneIn: number): boolean {
  return (index + TURN) % (MORE < 10 ? Math.ceil(oneIn / MORE) : 1) === 0;
}
