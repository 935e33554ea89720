import type { ClusterState, Refusal, UpgradePlan, Warning } from "../model";
import { configLine } from "../refusal";
import { runsAsJob } from "../steps/steps";
import { atLeast } from "../versions/versions";
import { accessFindings } from "./access";
import { checkRule, type PreflightCheck, type PreflightLevel, type PreflightLevels } from "./checks";
import { etcdCertificateFindings } from "./etcdCertificates";
import type { PreflightQuestions } from "./facts";
import type { Findings } from "./findings";
import { claimFindings, componentFindings, dependencyFindings, imageFindings } from "./health";
import { jobPodFindings } from "./jobPods";
import { permissionsFor, type VerificationNeeds, verificationPermissions } from "./permissions";
import {
  apiFindings,
  chartFindings,
  otherReleaseFindings,
  permissionFindings,
  storageFindings,
  versionFindings,
} from "./platform";
import { queueFindings, settingsRootOf } from "./queue";
import { renderFindings } from "./rendering";
import type { Finding, Subject } from "./subject";

const CHECKS: readonly ((subject: Subject) => readonly Finding[])[] = [
  versionFindings,
  apiFindings,
  permissionFindings,
  storageFindings,
  componentFindings,
  dependencyFindings,
  imageFindings,
  claimFindings,
  otherReleaseFindings,
  chartFindings,
  renderFindings,
  jobPodFindings,
  accessFindings,
  queueFindings,
  etcdCertificateFindings,
];

/** What has to be read before this plan can be judged; undefined when the plan touches nothing. */
export function preflightQuestions(
  plan: UpgradePlan,
  state: ClusterState,
  namespace: string,
  recordedKinds: readonly string[],
  verification: VerificationNeeds = { mode: "off" },
): PreflightQuestions | undefined {
  if (plan.kind === "nothing") return undefined;
  const permissions = [
    ...permissionsFor(plan, state, namespace, recordedKinds),
    ...verificationPermissions(verification, namespace),
  ];
  const etcdTls = plan.migration?.store.tls;
  return {
    permissions: [...new Map(permissions.map((permission) => [JSON.stringify(permission), permission])).values()],
    ...(plan.from !== undefined && atLeast(plan.from, "2.6.0") && { settingsRoot: settingsRootOf(plan.values) }),
    ...(etcdTls && { etcdTls }),
    jobPod: state.namespaceExists && plan.steps.some(runsAsJob),
    storageClasses: plan.steps.some(({ kind }) => kind === "backup") || plan.kind === "install",
  };
}

export function judgePreflight(subject: Subject, levels: PreflightLevels): Findings {
  const { facts } = subject;
  const findings = CHECKS.flatMap((check) => check(subject)).map((finding) => ({
    ...finding,
    level: lowered(finding, levels),
  }));
  const errors = findings.filter(({ level }) => level === "error");
  if (errors.length > 0) {
    const names = [...new Set(errors.map(({ check }) => check))];
    const refusal: Refusal = {
      kind: "refused",
      rule: "preflight_has_errors",
      reason: [
        `nothing was touched, because the preflight found ${errors.length === 1 ? "an error" : `${errors.length} errors`}:`,
        ...errors.map(({ check, message, remedy }) => `  ${check}: ${message} ${remedy}`),
      ].join("\n"),
      remedy: `Repair that, then run the command again. To continue without a check: ${names.map((name) => configPath(name)).join("; ")}`,
    };
    return { refusal, warnings: [] };
  }
  const warnings: Warning[] = findings
    .filter(({ level }) => level === "warn")
    .map(({ check, message, remedy }) => ({ rule: checkRule(check), message: `${message} ${remedy}` }));
  const notes = facts.notes.map((message) => ({ rule: "not_everything_could_be_read" as const, message }));
  return { warnings: [...warnings, ...notes] };
}

/** A level can be lowered, and a warning made an error. */
function lowered({ check, level }: Finding, levels: PreflightLevels): PreflightLevel {
  return levels[check] ?? level;
}

function configPath(check: PreflightCheck): string {
  return configLine(`preflight.${check}`, "warn").replace("config set", "config set --path");
}
