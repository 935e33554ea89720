import { checkHop } from "../hops/refusal";
import { attemptName, phaseWords } from "../metadata/attempt";
import { refuseTargetWithoutTls } from "../metadata/metaStore";
import {
  attemptFor,
  bindingAttempt,
  migrationPlan,
  migrationWarnings,
  refuseUnsafeStop,
  stoppedDeployments,
} from "../metadata/migration";
import type { AttemptId, ComponentState, Step, UpgradePlan } from "../model";
import { configLine, refuse } from "../refusal";
import type { ResolvedVersion } from "../versions/request";
import { minorOf } from "../versions/versions";
import { baseFor, type Facts } from "./base";

/**
 * 2.1.x → 2.2.x: probe → stop → backup → migrate → release. The same chain whatever is done of it already: every step can be
 * repeated, and what is done is not done again. The probe needs a Milvus that is up: it looks for the session of the root coordinator.
 */
export function planMigration(facts: Facts, { version: to, variant, warnings }: ResolvedVersion): UpgradePlan {
  const { wanted, state, release, observed, clear } = facts;
  for (const from of new Set([observed.version, observed.newest].filter((version) => version !== to))) {
    checkHop({ from, to, chart: observed.inForce.chart, source: wanted.chartSource });
  }
  refuseUnmigrated2_2(facts);
  if (bindingAttempt(state) === undefined) refuseTargetWithoutTls(observed.inForce, to);
  const attempt = attemptFor({ state, release, observed, wanted, to });
  const migration = migrationPlan({ state, release, observed, wanted }, attempt);
  const { common } = baseFor(facts, { version: to, variant }, warnings);
  refuseUnsafeStop({ observed, wanted }, common.values);
  const probe: readonly Step[] = observed.components.some(isRootCoordinatorUp) ? [{ kind: "probe" }] : [];
  return {
    ...common,
    kind: "migration",
    from: observed.version,
    steps: [
      ...clear,
      ...probe,
      { kind: "stop", deployments: stoppedDeployments(observed.components) },
      { kind: "backup" },
      { kind: "migrate" },
      { kind: "release", awaitReady: true },
    ],
    reason: reasonOf(facts, attempt, common.to),
    interruption: "An outage from the stop until Milvus 2.2 is ready: the metadata is moved while nothing runs.",
    reversibility: "restore only",
    warnings: [...common.warnings, ...migrationWarnings({ state, release, observed, wanted }, migration)],
    migration,
  };
}

/** In every layout there is one; at 0, Milvus is down, whatever else runs. */
function isRootCoordinatorUp({ component, replicas }: ComponentState): boolean {
  return replicas > 0 && ROOT_COORDINATORS.includes(component);
}

const ROOT_COORDINATORS: readonly string[] = ["rootcoord", "mixcoord", "standalone"];

function reasonOf({ state, observed }: Facts, attempt: AttemptId, to: string): string {
  const found = state.attempts.find(({ id }) => attemptName(id) === attemptName(attempt));
  const why = "Milvus 2.2 keeps its metadata in another format than 2.1";
  if (found && minorOf(observed.version) === "2.2") {
    return `every component is at 0, and of the migration ${attemptName(attempt)} is known: ${phaseWords(found)}. The metadata is looked at before Milvus starts`;
  }
  if (found) {
    const target = attempt.to === to ? "" : `; it was begun for Milvus ${attempt.to}, and goes to ${to} now`;
    return `${why}; goes on with the attempt ${attemptName(attempt)}: ${phaseWords(found)}${target}`;
  }
  return attempt.ordinal > 1
    ? `${why}; Milvus ${observed.version} may have written since the last backup, so a new attempt takes a new one`
    : why;
}

/** Images of 2.2 beside 2.1 without a finished migration: somebody patched them past the migration. */
function refuseUnmigrated2_2({ state, observed, wanted }: Facts): void {
  if (minorOf(observed.newest) === minorOf(observed.version)) return;
  if (bindingAttempt(state)?.phase === "migrated") return;
  refuse({
    rule: "2_2_must_not_run_on_metadata_of_2_1",
    reason: `Some components have images of Milvus ${observed.newest}, others of ${observed.version}, and no migration of the metadata has finished: 2.2 cannot read the metadata of 2.1.`,
    remedy: `Put the image ${observed.version} back on every component (kubectl -n ${wanted.namespace} set image deployment/NAME CONTAINER=IMAGE), then run pulumi up. To stay: ${configLine("version", observed.version)}`,
    source: "milvus issues 20324 and 19708",
  });
}
