const UNITS = { h: 3600, m: 60, s: 1 } as const;

/** Seconds in a duration such as `90s`, `10m` or `1h30m`; undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (text === "" || match === null) {
    return undefined;
  }
  const [, hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(hours) * UNITS.h + Number(minutes) * UNITS.m + Number(seconds) * UNITS.s;
}
