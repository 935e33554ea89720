import { createRequire } from "node:module";
import type { DateTime } from "luxon";

/** Loaded where a window is set: most stacks have none. */
function luxon(): typeof import("luxon") {
  return createRequire(__filename)("luxon") as typeof import("luxon");
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7] as const;
/** More than any week is long, with the day that the clock is changed. */
const LOOK_AHEAD_DAYS = 9;
const MINUTES_OF_DAY = 24 * 60;

/** A time that comes back every week, on the clock of a place: `Sat 02:00-05:00 Europe/Berlin`. */
export interface Window {
  /** As it was written. */
  readonly text: string;
  /** On which it begins; 1 is Monday. */
  readonly days: readonly number[];
  /** Minutes after midnight. */
  readonly start: number;
  /** The same; not later than `start`: of the next day. */
  readonly end: number;
  /** IANA name. */
  readonly zone: string;
}

/** One time that a window is open. Milliseconds. */
export interface Opening {
  readonly window: Window;
  readonly from: number;
  readonly to: number;
}

export const WINDOW_FORM =
  "such as Sat 02:00-05:00 Europe/Berlin, Mon-Fri 22:00-04:00 UTC or Sat,Sun 00:00-24:00 America/New_York; several with ; between them";

const WINDOW = /^(?:(\S+)\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s+(\S+)$/;

/**
 * Windows as the config has them, with `;` between several.
 *
 * @returns why it is none, as a text
 */
export function parseWindows(text: string): Window[] | string {
  const parts = text
    .split(";")
    .map((part) => part.trim().replace(/\s*([,-])\s*/g, "$1"))
    .filter((part) => part !== "");
  if (parts.length === 0) return `names no window, ${WINDOW_FORM}`;
  const windows: Window[] = [];
  for (const part of parts) {
    const window = parseWindow(part);
    if (typeof window === "string") return window;
    windows.push(window);
  }
  return windows;
}

function parseWindow(text: string): Window | string {
  const [, given, fromHour, fromMinute, toHour, toMinute, place = ""] = WINDOW.exec(text) ?? [];
  if (fromHour === undefined) return `is no window: ${text} is not of the form DAYS HH:MM-HH:MM ZONE, ${WINDOW_FORM}`;
  const days = given === undefined ? EVERY_DAY : parseDays(given.toLowerCase());
  if (days === undefined) {
    return `has no days that are known: ${given ?? ""}. They are Mon, Tue, Wed, Thu, Fri, Sat and Sun, alone, as Mon-Fri or as Sat,Sun; none at all means every day`;
  }
  const start = minutesOf(fromHour, fromMinute);
  const end = minutesOf(toHour, toMinute);
  if (start === undefined || start === MINUTES_OF_DAY || end === undefined) {
    return `has no time that the clock shows: ${text}. A window is from 00:00 to 24:00 at most`;
  }
  if (start === end) return `is never open: ${text} begins when it ends. A whole day is 00:00-24:00`;
  if (!luxon().IANAZone.isValidZone(place)) {
    return `has a time zone that is not known: ${place}. Give its IANA name, such as Europe/Berlin, America/New_York or UTC`;
  }
  return { text, days, start, end, zone: place };
}

/** `sat`, `mon-fri`, `sat,sun`, `fri-mon`; undefined for anything else. */
function parseDays(text: string): number[] | undefined {
  const found = text.split(",").flatMap((part) => {
    const [first = "", last = first, ...more] = part.split("-");
    const [from, to] = [dayOf(first), dayOf(last)];
    if (from === undefined || to === undefined || more.length > 0) return [undefined];
    const count = ((to - from + 7) % 7) + 1;
    return Array.from({ length: count }, (_, index) => ((from - 1 + index) % 7) + 1);
  });
  return found.every((day) => day !== undefined) ? [...new Set(found)] : undefined;
}

/** `Sat` or `Saturday`. */
function dayOf(text: string): number | undefined {
  const index = DAYS.findIndex(
    (day) => text.startsWith(day) && /^(?:|day|sday|nesday|rsday|urday)$/.test(text.slice(3)),
  );
  return index < 0 ? undefined : index + 1;
}

function minutesOf(hour = "", minute = ""): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= MINUTES_OF_DAY ? minutes : undefined;
}

/**
 * The time that is open now, or else the next one. Of windows that overlap the one that ends last counts.
 *
 * @param now milliseconds
 */
export function nextOpening(windows: readonly Window[], now: number): Opening | undefined {
  const openings = windows.flatMap((window) => openingsOf(window, now)).filter(({ to }) => to > now);
  const open = openings.filter(({ from }) => from <= now).sort((a, b) => b.to - a.to);
  return open[0] ?? openings.sort((a, b) => a.from - b.from || b.to - a.to)[0];
}

function openingsOf(window: Window, now: number): Opening[] {
  const today = luxon().DateTime.fromMillis(now, { zone: window.zone }).startOf("day");
  return Array.from({ length: LOOK_AHEAD_DAYS + 1 }, (_, index) => today.plus({ days: index - 1 }))
    .filter(({ weekday }) => window.days.includes(weekday))
    .flatMap((day) => {
      const from = onClock(day, window.start);
      const to = onClock(window.end > window.start ? day : day.plus({ days: 1 }), window.end);
      // Where the clock is put forward over all of it there is no such time on that day.
      return to > from ? [{ window, from, to }] : [];
    });
}

/**
 * When the clock of the place shows this time on that day. A time that it jumps over is when it jumps; one that it shows twice is
 * the first of the two: nothing is begun in the second, later than a person has meant.
 */
function onClock(day: DateTime, minutes: number): number {
  if (minutes === MINUTES_OF_DAY) return day.plus({ days: 1 }).startOf("day").toMillis();
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
  const shown = day.set({ hour, minute });
  if (shown.hour !== hour || shown.minute !== minute) return jumpBefore(shown);
  return Math.min(...shown.getPossibleOffsets().map((possible) => possible.toMillis()));
}

/** The moment at which the clock was put forward, not long before. */
function jumpBefore(after: DateTime): number {
  let [before, later] = [after.minus({ hours: 4 }).toMillis(), after.toMillis()];
  const { offset } = after;
  while (later - before > 1) {
    const middle = Math.floor((before + later) / 2);
    if (luxon().DateTime.fromMillis(middle, { zone: after.zone }).offset === offset) later = middle;
    else before = middle;
  }
  return later;
}

/** `Sat 2026-12-05 02:00 (Europe/Berlin)`. */
export function describeTime(time: number, zone: string): string {
  return `${luxon().DateTime.fromMillis(time, { zone }).setLocale("en").toFormat("ccc yyyy-LL-dd HH:mm")} (${zone})`;
}
