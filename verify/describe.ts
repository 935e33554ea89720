import { ClusterError } from "../cluster/errors";
import type { Reversibility, UpgradePlan, VerificationState } from "../upgrade/model";
import { hasSnapshot, openLine, settles, WRITE_CHECK_PREFIX, WRITTEN_ROWS } from "../upgrade/verification";
import { oneLine } from "../upgrade/words/visible";
import { readSnapshot } from "./record";
import { describeSnapshot } from "./snapshot";
import type { Result, VerifySettings } from "./verify";

/** What will be verified, for the preview. */
export function describeVerification(
  { mode, reload, timeouts, address }: VerifySettings,
  plan: Pick<UpgradePlan, "from" | "to">,
  open: VerificationState | undefined,
  namespace: string,
): string[] {
  const stays = open === undefined || settles(mode, open) ? [] : [`verification: ${openLine(open, mode)}`];
  if (mode === "off") return ["verification: off", ...stays];
  const way = address === undefined ? "by a port-forward to a pod" : `at ${address}`;
  const health = `pods ready at ${plan.to} for ${timeouts.settle} s without a restart, Helm record deployed, the service (${way}) says ${plan.to}`;
  if (mode === "health") return [`verification: health: ${health}`, ...stays];
  const writes = mode === "write" ? [describeWriteCheck(timeouts.writes)] : [];
  const damage = damageOf(namespace, open);
  if (damage !== undefined)
    return [`verification: data: ${damage}`, "verification: up is refused until the snapshot is repaired or given up"];
  const compares = hasSnapshot(open) || (plan.from !== undefined && plan.from !== plan.to);
  if (!compares)
    return [`verification: health: ${health}; no upgrade whose data could be compared`, ...writes, ...stays];
  const snapshot = hasSnapshot(open)
    ? `the snapshot in the ConfigMap ${open.configMap} is compared with, which an earlier run took`
    : "a snapshot is taken before anything changes";
  return [
    `verification: data: ${snapshot}; afterwards ${health}, and the same collections, rows, indexes, load states and answers`,
    ...(reload
      ? [
          `verification: a collection that is loaded and does not answer within ${timeouts.answers} s is RELEASED and loaded again: its searches fail meanwhile (milvus:reload)`,
        ]
      : []),
    ...writes,
    ...stays,
  ];
}

function describeWriteCheck(seconds: number): string {
  return `verification: write: at the end Milvus must take writes within ${seconds} s: in the database default a collection ${WRITE_CHECK_PREFIX}… is MADE, ${WRITTEN_ROWS} rows are inserted, flushed, loaded and searched, and it is dropped again`;
}

function damageOf(namespace: string, open: VerificationState | undefined): string | undefined {
  try {
    readSnapshot(namespace, open);
    return undefined;
  } catch (error) {
    if (error instanceof ClusterError) return error.message;
    throw error;
  }
}

/** One line when all is well. */
export function describePassed({ version, before, after, written, stillOpen }: Result): string {
  const said = version === undefined ? "" : `, the service says ${version}`;
  const data = before && after ? `; ${describeSnapshot(after)} as before` : "";
  const writes = written === undefined ? "" : `; ${written} rows written, found and dropped`;
  const open = stillOpen === undefined ? "" : `. STILL OPEN: ${stillOpen}`;
  return oneLine(`passed: pods ready${said}${data}${writes}${open}`);
}

const WAY_BACK = {
  reversible: (from) => `pulumi config set milvus:version ${from}, then pulumi up`,
  "restore only": (from) =>
    `pulumi config set milvus:version ${from} and milvus:rollback true, then pulumi up; what was written since is lost`,
  "one way": (from) =>
    `none by this program: ${from} cannot read what this version writes. Restore a backup of the data`,
} as const satisfies Record<Reversibility, (from: string) => string>;

/** What is wrong, how to go on, and how to go back. */
export function describeFailed(
  { problems, differences, configMap, unkept }: Result,
  plan: Pick<UpgradePlan, "from" | "to" | "reversibility">,
): string {
  const isUpgrade = plan.from !== undefined && plan.from !== plan.to;
  const what = isUpgrade ? `of the upgrade from ${plan.from ?? ""} to ${plan.to}` : `of Milvus ${plan.to}`;
  const mute = differences.filter(({ kind }) => kind === "no answer").map(({ subject }) => subject);
  const names = [...new Set(mute)].join(", ");
  const isKept = configMap !== undefined || unkept !== undefined;
  return [
    isKept ? `Everything is in place, but the verification ${what} failed:` : `The verification ${what} failed:`,
    ...[...problems, ...differences.map(({ message }) => message)].map((line) => `  - ${line}`),
    ...(mute.length > 0
      ? [
          `To release and load ${names} again, which interrupts its searches: npm run verify -- --reload`,
          "  or for every run: pulumi config set milvus:reload true",
        ]
      : []),
    ...(isKept
      ? [
          `To go on: repair it, then pulumi up or npm run verify${configMap === undefined ? "" : ` (kept in the ConfigMap ${configMap})`}. To accept it as it is: npm run verify -- --accept`,
        ]
      : []),
    ...(isUpgrade ? [`The way back: ${WAY_BACK[plan.reversibility](plan.from ?? "")}.`] : []),
    ...(configMap === undefined ? [] : ["Until then the next upgrade is refused."]),
    ...(unkept === undefined
      ? []
      : [`The next upgrade will NOT be refused, because this could not be kept: ${unkept}`]),
  ]
    .map(oneLine)
    .join("\n");
}
