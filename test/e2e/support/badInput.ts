/** One wrong stack config or cluster state, and the plan over it in this process: what `npm run plan` and `up` decide from. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { stringify } from "yaml";
import { asText } from "../../../cli/format/text";
import { makePlan } from "../../../cli/plan/plan";
import { exitCodeOf } from "../../../cli/plan/report";
import { findProject, stackFile, UsageError } from "../../../cli/pulumi/project";
import { loadStackConfig } from "../../../cli/pulumi/stackConfig";
import { ClusterError } from "../../../cluster/errors";
import { ConfigError } from "../../../config/configError";
import type { StackConfig } from "../../../sandbox/engine";
import { connectApiServer } from "../../../sandbox/podRunner/apiServer";
import type { HelmValues } from "../../../upgrade/model";
import { mergeValues } from "../../../upgrade/values/tree";
import { RELEASE, type TestBed, VALUES } from "./testBed";

export interface BadInput {
  readonly name: string;
  /** Over the good config; undefined takes a key out. */
  readonly config?: StackConfig;
  /** Over the values of the release. */
  readonly values?: HelmValues;
  /** Makes the wrong state of the cluster. */
  readonly arrange?: (bed: TestBed) => Promise<Arranged>;
  /** A plan needs less: only `up` refuses it. */
  readonly isForUp?: boolean;
  /** What the message has to say. */
  readonly says: RegExp;
  /** Of `pulumi up` where that is another: it asks for the lock first. */
  readonly saysUp?: RegExp;
}

export interface Arranged {
  readonly undo?: (() => Promise<unknown>) | undefined;
  /** Over the row's config. */
  readonly config?: StackConfig;
}

/** The stack config of a row. */
export function configOf({ config = {}, values = {} }: BadInput, bed: TestBed): StackConfig {
  const whole: StackConfig = {
    "milvus:version": "2.2.14",
    "milvus:release": RELEASE.name,
    "milvus:namespace": RELEASE.namespace,
    "milvus:values": mergeValues(VALUES, values),
    "milvus:chartSource": { folder: bed.charts },
    "milvus:timeouts": { lock: "5s" },
    "milvus:verify": "off",
    "kubernetes:kubeconfig": bed.sandbox.kubeconfig,
    ...config,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined));
}

/** `npm run plan -- --no-manifests` without a process of its own. An error that is not for people is thrown. */
export async function planInProcess(config: StackConfig): Promise<{ exitCode: number; text: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), "milvus-bad-input-"));
  writeFileSync(path.join(folder, "Pulumi.yaml"), "name: milvus\nruntime: nodejs\n");
  writeFileSync(path.join(folder, "Pulumi.dev.yaml"), stringify({ config }));
  const project = findProject(folder);
  try {
    const settings = await loadStackConfig(project, stackFile(project, "dev"));
    const request = { project, stack: "dev", settings, withManifests: false, withImages: false };
    const report = await makePlan(request);
    return { exitCode: exitCodeOf(report), text: stripVTControlCharacters(asText(report)) };
  } catch (error) {
    if (![UsageError, ConfigError, ClusterError].some((Kind) => error instanceof Kind)) throw error;
    return { exitCode: 1, text: (error as Error).message };
  }
}

const KINDS = [
  "/api/v1/configmaps",
  "/api/v1/secrets",
  "/api/v1/services",
  "/api/v1/serviceaccounts",
  "/api/v1/persistentvolumeclaims",
  "/apis/batch/v1/jobs",
  "/apis/rbac.authorization.k8s.io/v1/roles",
  "/apis/rbac.authorization.k8s.io/v1/rolebindings",
] as const;
/** Their controllers write their status at any time; the generation counts what somebody else changes. */
const WORKLOADS = [
  "/api/v1/namespaces",
  "/apis/apps/v1/deployments",
  "/apis/apps/v1/statefulsets",
  "/apis/autoscaling/v2/horizontalpodautoscalers",
] as const;
/** Kubernetes' own, in every namespace, a moment after it was made. */
const OWN = ["kube-root-ca.crt", "default"];

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  }[];
}

/** Every object that an upgrade in this namespace could touch, with its resource version, and those of the healthy release. */
export async function resourceVersions({ sandbox }: TestBed, namespace: string): Promise<string[]> {
  const namespaces = [RELEASE.namespace, namespace];
  const api = connectApiServer(sandbox.kubeconfig);
  try {
    const list = async (kind: string, fields: readonly string[]) =>
      (await api.call<Listed>("GET", kind)).items
        .filter(({ metadata }) => namespaces.includes(metadata.namespace ?? metadata.name))
        .filter(({ metadata }) => !OWN.includes(metadata.name))
        .map(({ metadata }) => {
          const shown = fields.map((field) => JSON.stringify(metadata[field] ?? null)).join(" ");
          return `${kind} ${metadata.namespace ?? ""}/${metadata.name} ${shown}`;
        });
    const all = await Promise.all([
      ...KINDS.map((kind) => list(kind, ["resourceVersion"])),
      ...WORKLOADS.map((kind) => list(kind, ["uid", "generation", "labels"])),
    ]);
    return all.flat().sort();
  } finally {
    api.close();
  }
}
