import type { Policies, ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { hideSecrets } from "../upgrade/secrets/text";
import { filledText, isMap } from "../upgrade/values/tree";
import { oneLine } from "../upgrade/words/visible";
import * as checks from "./checks";

const RELEASE = "kubernetes:helm.sh/v3:Release";
const JOB = "kubernetes:batch/v1:Job";
/** Stack tag that marks production: `pulumi stack tag set environment production`. */
const TAG = "environment";

type Check = (release: checks.ReleaseInputs, isProduction: boolean) => string | readonly string[] | undefined;

function ofMilvus(name: string, description: string, check: Check): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      const release = releaseInputs(args);
      if (release === undefined) return;
      const found = check(release, args.stackTags.get(TAG) === "production") ?? [];
      for (const problem of typeof found === "string" ? [found] : found) report(shown(problem));
    },
  };
}

/** Keys, tags and images are texts of others, on their way to a terminal or a pull request. */
function shown(problem: string): string {
  return oneLine(hideSecrets(problem));
}

/** Undefined for everything that is no Release of Milvus. */
function releaseInputs({ type, props, opts }: ResourceValidationArgs): checks.ReleaseInputs | undefined {
  if (type !== RELEASE) return undefined;
  const { chart, version, values, description } = props as Readonly<Record<string, unknown>>;
  const pinned = filledText(version);
  const release = {
    chart: filledText(chart) ?? "",
    ...(pinned !== undefined && { version: pinned }),
    values: isMap(values) ? values : {},
    description: filledText(description) ?? "",
    isProtected: opts.protect,
  };
  return checks.isMilvus(release) ? release : undefined;
}

interface PodSpec {
  readonly containers?: readonly { readonly image?: unknown }[];
  readonly initContainers?: readonly { readonly image?: unknown }[];
}

function jobImages({ type, props }: ResourceValidationArgs): string[] {
  if (type !== JOB) return [];
  const { spec } = props as { readonly spec?: { readonly template?: { readonly spec?: PodSpec } } };
  const { containers = [], initContainers = [] } = spec?.template?.spec ?? {};
  return [...initContainers, ...containers].flatMap(({ image }) => (typeof image === "string" ? [image] : []));
}

export const POLICIES: Policies = [
  ofMilvus(
    "milvus-chart-not-in-a-bad-range",
    "Charts that are known to break an upgrade are not used, and the version is pinned.",
    checks.chartVersionProblem,
  ),
  ofMilvus(
    "milvus-chart-fits-the-version",
    "The chart can run the Milvus version that the image tag names.",
    checks.chartFitProblem,
  ),
  ofMilvus("milvus-hop-is-allowed", "No hop that the rule book refuses.", checks.hopProblem),
  ofMilvus(
    "milvus-release-is-protected",
    "A Release of Milvus cannot be deleted by accident.",
    checks.protectionProblem,
  ),
  ofMilvus(
    "milvus-query-nodes-in-production",
    "In stacks tagged environment=production a query node has a second one beside it.",
    checks.queryNodeProblem,
  ),
  ofMilvus("milvus-no-floating-tags", "Images in the values, as tags or in one text, name one version.", ({ values }) =>
    checks.floatingTags(values).map((tag) => `the tag ${tag} moves; name a version`),
  ),
  {
    name: "jobs-have-no-floating-tags",
    description: "Images of Jobs are pinned by tag or digest.",
    enforcementLevel: "mandatory",
    validateResource: (args, report) => {
      for (const image of jobImages(args).filter(checks.isFloatingImage))
        report(shown(`the image ${image} moves; name a version`));
    },
  },
];
