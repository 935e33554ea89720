import { expect } from "chai";
import { nextOpening, parseWindows, type Window } from "../../../../upgrade/window/window";

const windows = (text: string): Window[] => {
  const parsed = parseWindows(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
};
const at = (time: number) => new Date(time).toISOString().replace(/:00\.000Z$/, "Z");
/** `open until …`, or `from … to …`. */
function opening(text: string, now: string): string {
  const found = nextOpening(windows(text), Date.parse(now));
  if (found === undefined) return "never";
  return found.from <= Date.parse(now) ? `open until ${at(found.to)}` : `${at(found.from)} to ${at(found.to)}`;
}

const BERLIN = "Sat 02:00-05:00 Europe/Berlin";
const ROWS: readonly {
  readonly what: string;
  readonly window: string;
  readonly now: string;
  readonly opens: string;
}[] = [
  // 2026-01-03 is a Saturday; Berlin is an hour ahead of UTC in winter and two in summer.
  { what: "before it", window: BERLIN, now: "2026-01-03T00:59Z", opens: "2026-01-03T01:00Z to 2026-01-03T04:00Z" },
  { what: "at its begin", window: BERLIN, now: "2026-01-03T01:00Z", opens: "open until 2026-01-03T04:00Z" },
  { what: "a minute before its end", window: BERLIN, now: "2026-01-03T03:59Z", opens: "open until 2026-01-03T04:00Z" },
  {
    what: "at its end: the next week's",
    window: BERLIN,
    now: "2026-01-03T04:00Z",
    opens: "2026-01-10T01:00Z to 2026-01-10T04:00Z",
  },
  { what: "in summer", window: BERLIN, now: "2026-07-04T00:30Z", opens: "open until 2026-07-04T03:00Z" },
  {
    what: "over midnight, before it",
    window: "Sat 22:00-02:00 UTC",
    now: "2026-01-03T23:30Z",
    opens: "open until 2026-01-04T02:00Z",
  },
  {
    what: "over midnight, after it",
    window: "Sat 22:00-02:00 UTC",
    now: "2026-01-04T01:59Z",
    opens: "open until 2026-01-04T02:00Z",
  },
  {
    what: "over midnight, a day that it is not",
    window: "Sat 22:00-02:00 UTC",
    now: "2026-01-03T01:00Z",
    opens: "2026-01-03T22:00Z to 2026-01-04T02:00Z",
  },
  {
    what: "over the end of the week",
    window: "Sun 23:00-03:00 UTC",
    now: "2026-01-05T02:00Z",
    opens: "open until 2026-01-05T03:00Z",
  },
  {
    what: "over the end of the year",
    window: "Thu 23:00-03:00 UTC",
    now: "2026-01-01T23:30Z",
    opens: "open until 2026-01-02T03:00Z",
  },
  {
    what: "days that wrap",
    window: "Fri-Mon 01:00-02:00 UTC",
    now: "2026-01-06T00:00Z",
    opens: "2026-01-09T01:00Z to 2026-01-09T02:00Z",
  },
  {
    what: "a list of days",
    window: "Sat,Sun 01:00-02:00 UTC",
    now: "2026-01-03T03:00Z",
    opens: "2026-01-04T01:00Z to 2026-01-04T02:00Z",
  },
  {
    what: "every day",
    window: "01:00-02:00 UTC",
    now: "2026-01-06T02:00Z",
    opens: "2026-01-07T01:00Z to 2026-01-07T02:00Z",
  },
  {
    what: "a whole day",
    window: "Sat 00:00-24:00 UTC",
    now: "2026-01-03T23:59Z",
    opens: "open until 2026-01-04T00:00Z",
  },
  {
    what: "to midnight",
    window: "Sat 22:00-00:00 UTC",
    now: "2026-01-03T23:00Z",
    opens: "open until 2026-01-04T00:00Z",
  },
  {
    what: "of several the next",
    window: `${BERLIN}; Wed 01:00-02:00 UTC`,
    now: "2026-01-04T00:00Z",
    opens: "2026-01-07T01:00Z to 2026-01-07T02:00Z",
  },
  {
    what: "of two that are open the one that ends last",
    window: "Sat 01:00-02:00 UTC; Sat 01:30-04:00 UTC",
    now: "2026-01-03T01:45Z",
    opens: "open until 2026-01-03T04:00Z",
  },
  // In Berlin 02:00 to 03:00 does not come on 2026-03-29, and comes twice on 2026-10-25. Both are Sundays.
  {
    what: "that the clock jumps into",
    window: "Sun 02:30-05:00 Europe/Berlin",
    now: "2026-03-29T00:00Z",
    opens: "2026-03-29T01:00Z to 2026-03-29T03:00Z",
  },
  {
    what: "that the clock jumps out of",
    window: "Sun 01:00-02:30 Europe/Berlin",
    now: "2026-03-28T23:00Z",
    opens: "2026-03-29T00:00Z to 2026-03-29T01:00Z",
  },
  {
    what: "that the clock jumps over: the next week's",
    window: "Sun 02:00-03:00 Europe/Berlin",
    now: "2026-03-29T00:00Z",
    opens: "2026-04-05T00:00Z to 2026-04-05T01:00Z",
  },
  {
    what: "around the hour that comes twice: an hour longer",
    window: "Sun 01:00-04:00 Europe/Berlin",
    now: "2026-10-24T22:00Z",
    opens: "2026-10-24T23:00Z to 2026-10-25T03:00Z",
  },
  {
    what: "that ends in the hour that comes twice: the first time",
    window: "Sun 01:00-02:30 Europe/Berlin",
    now: "2026-10-24T23:30Z",
    opens: "open until 2026-10-25T00:30Z",
  },
  {
    what: "the same, in the second of the two hours",
    window: "Sun 01:00-02:30 Europe/Berlin",
    now: "2026-10-25T01:10Z",
    opens: "2026-11-01T00:00Z to 2026-11-01T01:30Z",
  },
  {
    what: "over midnight of a day with 23 hours",
    window: "Sat 23:00-06:00 Europe/Berlin",
    now: "2026-03-29T03:59Z",
    opens: "open until 2026-03-29T04:00Z",
  },
  {
    what: "where the clock is put back at midnight",
    window: "Sun 00:00-01:00 America/Asuncion",
    now: "2024-03-24T02:00Z",
    opens: "2024-03-24T04:00Z to 2024-03-24T05:00Z",
  },
  {
    what: "where a day begins at 01:00",
    window: "Sun 00:00-02:00 America/Asuncion",
    now: "2023-10-01T03:30Z",
    opens: "2023-10-01T04:00Z to 2023-10-01T05:00Z",
  },
  {
    what: "of a zone with a half hour",
    window: "Mon 00:00-01:00 Asia/Kolkata",
    now: "2026-01-04T18:00Z",
    opens: "2026-01-04T18:30Z to 2026-01-04T19:30Z",
  },
  {
    what: "of a zone that is a day ahead",
    window: "Mon 00:00-01:00 Pacific/Kiritimati",
    now: "2026-01-04T10:30Z",
    opens: "open until 2026-01-04T11:00Z",
  },
];

describe("a window", () => {
  for (const { what, window, now, opens } of ROWS) {
    it(`${what}: ${window} at ${now}`, () => {
      expect(opening(window, now)).to.equal(opens);
    });
  }

  for (const [text, days] of Object.entries({
    "sat 2:00-5:00 UTC": [6],
    "Saturday 02:00 - 05:00 UTC": [6],
    "TUE,THU 02:00-05:00 utc": [2, 4],
    "Mon-Wed,Fri 02:00-05:00 UTC": [1, 2, 3, 5],
  })) {
    it(`may be written as ${text}`, () => {
      expect(windows(text)[0]).to.deep.include({ days, start: 120, end: 300 });
    });
  }

  for (const [text, why] of Object.entries({
    "": /names no window/,
    ";": /names no window/,
    "Sat 02:00-05:00": /is no window/,
    "Sat 2-5 UTC": /is no window/,
    "Sat 02:00 UTC": /is no window/,
    "Son 02:00-05:00 UTC": /no days that are known: Son/,
    "Sat-Sun-Mon 02:00-05:00 UTC": /no days that are known/,
    "Sat, 02:00-05:00 UTC": /no days that are known|is no window/,
    "Sat 02:60-05:00 UTC": /no time that the clock shows/,
    "Sat 24:00-05:00 UTC": /no time that the clock shows/,
    "Sat 02:00-25:00 UTC": /no time that the clock shows/,
    "Sat 02:00-02:00 UTC": /is never open/,
    "Sat 02:00-05:00 Europe/Berln": /time zone that is not known: Europe\/Berln/,
    "Sat 02:00-05:00 UTC; Sun": /is no window: Sun/,
  })) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(parseWindows(text)).to.match(why);
    });
  }
});
