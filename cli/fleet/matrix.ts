import { connect } from "../../cluster/api/client";
import type { Config } from "../../config/schema";
import { withStackFlag } from "../../config/stackFlag";
import { livingRun } from "../../run/lock";
import type { ClusterState, Refusal } from "../../upgrade/model";
import { SILENT_SECONDS } from "../../upgrade/plan/pendingRelease";
import { describeRefusal } from "../../upgrade/refusal";
import { type Forecast, forecastWay, type HopMove } from "../../upgrade/walk/nextMove";
import { oneLine, onOneLine } from "../../upgrade/words/visible";
import { makePlan } from "../plan/plan";
import { type Project, stackFile } from "../pulumi/project";
import { loadStackConfig, type StackConfig } from "../pulumi/stackConfig";
import { limitOf } from "../pulumi/up";
import { readState, writtenVersion } from "../walk/upgrade";
import { LONGEST_WAIT_SECONDS } from "../walk/walk";
import { wayReport } from "../walk/wayReport";
import type { Outlook } from "./model";
import { inParallel } from "./parallel";

/** Start of the process, the looks between two runs, and writing the config. */
const OVERHEAD_SECONDS = 1800;

/** Looks at every stack, several at once. One that cannot be read is a line of the matrix, and stops nobody. */
export function readMatrix(
  project: Project,
  stacks: readonly string[],
  { to, atOnce, onSeen }: { readonly to?: string; readonly atOnce: number; readonly onSeen: () => void },
): Promise<Outlook[]> {
  return inParallel(stacks, atOnce, async (stack) => {
    const outlook = await look(project, stack, to).catch((error: unknown) => unreadable(stack, error));
    onSeen();
    return outlook;
  });
}

async function look(project: Project, name: string, to: string | undefined): Promise<Outlook> {
  const { stack, file } = stackFile(project, name);
  const settings = await loadStackConfig(project, { stack, file }, to);
  const { config } = settings;
  const { wanted } = config;
  const state = await readState(config);
  if (state.release === undefined) {
    return unreadable(
      stack,
      `There is no Helm release ${wanted.releaseName} in namespace ${wanted.namespace} to upgrade.`,
    );
  }
  const forecast = forecastWay(wanted, state);
  const { hops, end } = forecast;
  const [first] = hops;
  const from = first?.plan.from ?? (end.kind === "arrived" ? end.version : undefined);
  const outlook = {
    stack,
    way: wayReport(stack, wanted, forecast),
    ...(from !== undefined && { from }),
    isVerified: config.verification.mode !== "off",
    limitSeconds: limitOfWay(forecast, config),
  };
  if (first === undefined && end.kind === "arrived" && writtenVersion(file, project) === wanted.version) {
    return { ...outlook, kind: "nothing", why: [] };
  }
  if (first === undefined && end.kind === "wait") {
    return { ...outlook, kind: "hops", why: [`waits: ${oneLine(end.refusal.reason)}`] };
  }
  const refusal = end.kind === "refused" ? end.refusal : await refusalOfFirst(project, stack, settings, state, first);
  // Of what is seen in the middle of somebody's run nothing is refused: that run ends, and then it is looked at again.
  const other = refusal === undefined ? undefined : await livingRun(connect(config.access), config, () => undefined);
  if (other !== undefined) return { ...outlook, kind: "hops", why: [`waits for another run: ${oneLine(other)}`] };
  return refusal === undefined
    ? { ...outlook, kind: "hops", why: [] }
    : {
        ...outlook,
        kind: "refused",
        why: describeRefusal(onOneLine(refusal)).map((line) => withStackFlag(line, stack)),
      };
}

/** What the preflight finds of the first hop: better known before a fleet has begun. */
async function refusalOfFirst(
  project: Project,
  stack: string,
  settings: StackConfig,
  state: ClusterState,
  first: HopMove | undefined,
): Promise<Refusal | undefined> {
  const { config } = settings;
  const version = first?.request ?? config.wanted.version;
  const next = { ...settings, config: { ...config, wanted: { ...config.wanted, version } } };
  const request = { project, stack, state, settings: next, withManifests: false, withImages: false };
  return (await makePlan(request)).refusal;
}

/** The limits of all runs together, and one more that nobody has foreseen. */
function limitOfWay({ hops }: Forecast, { wanted, settings: { timeouts } }: Config): number {
  const runs = hops.map(({ plan }) => limitOf(plan.steps, timeouts));
  const waiting = (wanted.pendingSilentSeconds ?? SILENT_SECONDS) + timeouts.release;
  return runs.reduce(
    (sum, limit) => sum + limit,
    limitOf([], timeouts) + waiting * (hops.length + 1) + LONGEST_WAIT_SECONDS + OVERHEAD_SECONDS,
  );
}

function unreadable(stack: string, problem: unknown): Outlook {
  const text = problem instanceof Error ? problem.message : String(problem);
  return {
    stack,
    kind: "unreadable",
    why: text.split("\n").map(oneLine),
    isVerified: false,
    limitSeconds: OVERHEAD_SECONDS,
  };
}
