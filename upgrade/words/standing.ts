import { attemptName, phaseWords } from "../metadata/attempt";
import { isDown, isMilvusComponent } from "../milvusComponents";
import type { ClusterState, Wanted } from "../model";
import { describeVersions, observe } from "../plan/observed";
import { list, RefusalError } from "../refusal";

/** Where a cluster stands, in a few words each: for whoever finds it in the middle of an upgrade. */
export function describeStanding(wanted: Wanted, state: ClusterState): string[] {
  const { release, attempts, verification } = state;
  if (release === undefined) return [`no Helm release ${wanted.releaseName} in namespace ${wanted.namespace}`];
  const components = state.components.filter(({ component }) => isMilvusComponent(component));
  const down = components.filter(isDown);
  const paused = components.filter((component) => component.paused);
  const sick = components.filter((component) => !isDown(component) && !component.paused && !component.rolledOut);
  const names = (all: typeof components) => list(all.map(({ component }) => component));
  const last = attempts.toSorted((a, b) => a.id.revision - b.id.revision || a.id.ordinal - b.id.ordinal).at(-1);
  return [
    versionLine(wanted, state),
    ...(down.length > 0
      ? [down.length === components.length ? "all components are at 0" : `at 0: ${names(down)}`]
      : []),
    ...(paused.length > 0 ? [`paused: ${names(paused)}`] : []),
    ...(sick.length > 0 ? [`not rolled out: ${names(sick)}`] : []),
    `Helm release ${release.name}: revision ${release.revision}, ${release.status}, chart ${release.chartVersion}`,
    ...(last
      ? [`metadata migration ${attemptName(last.id)}: ${phaseWords(last)}, backup on claim ${last.claimName}`]
      : []),
    ...(verification && verification.status !== "passed"
      ? [`verification of ${attemptName(verification.attempt)}: ${verification.summary || verification.status}`]
      : []),
  ];
}

function versionLine(wanted: Wanted, state: ClusterState): string {
  if (state.release === undefined) return "";
  try {
    const observed = observe(state, state.release, wanted);
    return `Milvus ${describeVersions(observed)}${observed.stopped ? ", stopped" : ""}`;
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal.reason;
    throw error;
  }
}
