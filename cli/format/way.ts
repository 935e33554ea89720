import pc from "picocolors";
import { duration } from "../../upgrade/plan/interruption";
import { WALK_COMMAND } from "../../upgrade/refusal";
import { onOneLine } from "../../upgrade/words/visible";
import type { HopReport, WayReport } from "../walk/wayReport";
import { refusalLines } from "./text";

/** The whole way, one paragraph for each hop. */
export function wayLines(given: WayReport): string[] {
  const way = onOneLine(given);
  const { hops, refusal, unverified, asked, expectedSeconds } = way;
  const [first] = hops;
  const last = hops.at(-1);
  const count = hops.length === 1 ? "one hop" : `${hops.length} hops`;
  const title =
    first && last && refusal === undefined
      ? [`Milvus ${first.from ?? "?"} → ${last.to}${last.to === asked ? "" : ` (${asked})`} in ${count}`]
      : [];
  return [
    pc.bold(`${way.release}, stack ${way.stack}`),
    ...title,
    ...hops.flatMap(hopLines),
    ...(hops.length > 1
      ? [
          `in all: ${expectedSeconds === 0 ? "no interruption expected" : `about ${duration(expectedSeconds)} of interruptions expected`}`,
          "The first hop is planned from the cluster. Each later one is what the rules make of the hop before it, and is planned anew when its turn comes.",
        ]
      : []),
    ...(unverified === undefined ? [] : [`not finished yet: ${unverified}`]),
    ...(refusal ? [...(last ? [`then, from ${last.to}:`] : []), ...refusalLines(refusal)] : []),
    ...(hops.length === 0 && refusal === undefined && unverified === undefined ? [`Milvus is at ${asked}.`] : []),
  ];
}

function hopLines({ title, chart, expected, wayBack, warnings, isBegun }: HopReport, index: number): string[] {
  return [
    `  ${index + 1}. ${pc.yellow(title)}, chart ${chart}${isBegun ? " (begun already)" : ""}`,
    `     expected: ${expected}`,
    `     way back: ${wayBack}`,
    ...warnings.map(({ rule, message }) => pc.dim(`     (${rule}) ${message}`)),
  ];
}

/** The command that goes on, as the user gave it. */
export function goOn(stack: string, asked: string, folder?: string): string {
  return `${WALK_COMMAND} --stack ${stack} --to ${asked}${folder === undefined ? "" : ` --cwd ${folder}`}`;
}

/** Above each run of a walk. */
export function heading({ number, total }: { readonly number: number; readonly total: number }, title: string): string {
  return `Run ${number} of ${Math.max(total, number)}: ${title}`;
}

/** `run 2 of 3: …`, of a line that is such a heading. */
export function readHeading(line: string): string | undefined {
  return /^Run \d+ of \d+: /.test(line) ? `r${line.slice(1)}` : undefined;
}
