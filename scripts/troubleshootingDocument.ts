import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CAUSE_TEXTS, CAUSES } from "../cluster/diagnose/causes";
import type { ClusterErrorCode } from "../cluster/errors";
import { CLUSTER_ERROR_CODES } from "../cluster/errors";
import { PLAN_RULES } from "../upgrade/plan/rules";
import { checkRule, PREFLIGHT_CHECK_NAMES } from "../upgrade/preflight/checks";
import { CHART_RULE_NAMES, HOP_NOTE_NAMES, HOP_RULE_NAMES, VALUE_RULE_NAMES } from "../upgrade/ruleNames";

export const TROUBLESHOOTING_DOCUMENT = join(__dirname, "..", "docs", "troubleshooting.md");

/** What each error in reading the cluster means and asks for; the message itself has the names. */
const CLUSTER_ERRORS = {
  noKubeconfig: ["no kubeconfig was found", "set KUBECONFIG, or `pulumi config set kubernetes:kubeconfig PATH`"],
  badKubeconfig: [
    "the kubeconfig cannot be used",
    "check it with `kubectl config view`; context: `pulumi config set kubernetes:context NAME`",
  ],
  credentialPlugin: [
    "the program that gives the credentials failed",
    "log in to the cloud again, then `kubectl auth whoami`",
  ],
  unreachable: [
    "nothing answers at the server's address",
    "VPN, proxy, firewall; something in between that breaks HTTP/2: `DISABLE_HTTP2=1`, as for kubectl; where a CI cannot reach it: `npm run plan -- --offline`",
  ],
  tlsFailed: [
    "the server's certificate is not trusted",
    "put its authority into the kubeconfig (certificate-authority-data)",
  ],
  timedOut: [
    "the server did not answer in time",
    "try again; look at the API server: `kubectl get --raw /readyz?verbose`",
  ],
  unauthorized: ["the credentials are not accepted (401)", "a token has expired: log in again"],
  forbidden: [
    "the user may not read or write what is needed (403), or a quota, a policy or the end of the namespace is against it",
    "the message says which of them it is; for a missing right it has the lines that give it; [ci.md](ci.md) lists all rights",
  ],
  notFound: ["the object is not there (404)", "check the names milvus:release and milvus:namespace"],
  serverError: ["the API server answers with an error", "`kubectl get --raw /readyz?verbose`; try again"],
  badRecord: [
    "a Helm release record is damaged",
    "`helm history`; the message says which Secret, and when it may be deleted",
  ],
  unsupportedStorage: [
    "Helm keeps its records in ConfigMaps (HELM_DRIVER=configmap)",
    "move them to Secrets; Pulumi knows no others",
  ],
  badAttempt: [
    "the labels of a backup claim cannot be read",
    "somebody changed them: set them right as the message says",
  ],
  lockLost: [
    "another run has taken over, because this one was silent for long: a laptop that slept, a network that was cut",
    "let the other one finish; `pulumi preview` says what is left",
  ],
  badSnapshot: [
    "the snapshot that a verification is to compare with is damaged: edited by hand, cut off, or larger than any that is written",
    "put a copy back, or delete the ConfigMap as the message says; then the data before that upgrade cannot be compared any more",
  ],
  notPulled: [
    "an image that the upgrade needs cannot be pulled onto a node, or not in time, or no node takes pods now; nothing was stopped",
    "the message has registry, image, node and the kubelet's words, and what to type",
  ],
  foreignObject: [
    "a ConfigMap of somebody else has the name of the lock or of a verification's record; it was not written to",
    "look at it, rename it where it comes from, or delete it, which loses what is in it; the message has the lines",
  ],
} as const satisfies Record<ClusterErrorCode, readonly [string, string]>;

/** Every error with its cause and remedy, from the tables that the program itself asks. */
export function troubleshootingDocument(): string {
  const rules = [
    ...HOP_RULE_NAMES,
    ...HOP_NOTE_NAMES,
    ...CHART_RULE_NAMES,
    ...VALUE_RULE_NAMES,
    ...Object.keys(PLAN_RULES),
  ].map((name) => ({ name, anchor: name }));
  // A refusal of a check says that it is one.
  const checks = PREFLIGHT_CHECK_NAMES.map((name) => ({ name: checkRule(name), anchor: name }));
  const names = [...rules, ...checks].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    "# Troubleshooting",
    "",
    "Written by `npm run docs:troubleshooting` from the program's own tables; a test holds the two together.",
    "",
    "Whatever happened: **run `pulumi preview` first**. The plan is made from what is there, so it says where things stand, and the",
    "next `pulumi up` goes on from there. [interrupted-runs.md](interrupted-runs.md) has every way in which a run can die.",
    "",
    "| what you see | what to do |",
    "|---|---|",
    "| `refused (NAME): …` | nothing was touched; the message has the line to type, [below](#refusals-and-warnings) is every NAME |",
    "| `pod X: …` or `Job X: …` | see [stuck pods and Jobs](#stuck-pods-and-jobs) |",
    "| the cluster cannot be read | see [errors of the cluster](#errors-of-the-cluster) |",
    "| `the stack is currently locked` | a run was killed: make sure that none is at work, then `pulumi cancel` |",
    "| `another operation (install/upgrade/rollback) is in progress` | run `pulumi up`: it clears the record once it has been silent for `milvus:timeouts.pending` |",
    "| `the_cluster_is_another_one` | `up` looks at another Milvus than last time: set `kubernetes:context`; for one that was restored elsewhere, a stack of its own (`npm run plan` does not read the state, and cannot say it) |",
    "| `the_state_has_a_release_that_is_gone` | it may be the wrong cluster; if Milvus is gone on purpose, `pulumi refresh`, then `pulumi up` |",
    "| `is protected` | the change would replace or delete the release: set `milvus:release` and `milvus:namespace` back |",
    "| `only_the_approved_plan_is_run` | something has moved since the approval: look at the preview again, approve its hash |",
    "| a plan with `the API server will refuse KIND NAME` | `up` would fail there: a policy, a quota or a field that cannot change; the message has its words. Repair it first, or set the value back |",
    "| a plan with `not judged` | the dry run may not be asked with these rights, or a webhook knows none; `up` is asked all the same |",
    "| `plan --drift` ends with 2 | somebody changed what it names past Helm: take it back, or write it into `milvus:values`; the next upgrade would overwrite it |",
    "| `manifests: not compared` | the Helm CLI is not there, or cannot get or render the chart; the message says why, and the plan holds without it |",
    "| `has milvus:version already` (adopt) | the stack's file is in use: another `--stack`, or `--force` |",
    "| Milvus is down in the middle of a migration | `pulumi up` goes on; to give up: set `milvus:version` back, `pulumi up` |",
    "| `Something starts Milvus again while the upgrade keeps it stopped` | turn off what the message names (an autoscaler, a GitOps controller), `pulumi up` |",
    "| a roll stopped at a component | repair it and `pulumi up`; or set another `milvus:version` that goes on, or, within a minor, the old one, which takes back what was rolled. Over a minor that is refused unless `milvus:rollback` asks for it, and the message says what is lost |",
    "| the new version must go | [metadata-migration.md](metadata-migration.md) for 2.2 → 2.1; within a minor `milvus:rollback` |",
    "| a wrong value in the stack config | the message names key, value and what is allowed; all at once |",
    "",
    "## Stuck pods and Jobs",
    "",
    "The likeliest cause comes first in the message, the others after it. NS and NAME are named there.",
    "",
    "| cause | what it says | what to do |",
    "|---|---|---|",
    ...CAUSES.map((cause) => row(cause, CAUSE_TEXTS[cause].title, CAUSE_TEXTS[cause].remedy)),
    "",
    "## Errors of the cluster",
    "",
    'None of them is ever taken for "not installed".',
    "",
    "| error | what it says | what to do |",
    "|---|---|---|",
    ...CLUSTER_ERROR_CODES.map((code) => row(code, ...CLUSTER_ERRORS[code])),
    "",
    "## Refusals and warnings",
    "",
    "Each with its reason, its remedy and its source:",
    "",
    ...names.map(({ name, anchor }) => `- [${name}](upgrade-rules.md#${anchor.toLowerCase()})`),
    "",
  ].join("\n");
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

if (require.main === module) writeFileSync(TROUBLESHOOTING_DOCUMENT, troubleshootingDocument());
