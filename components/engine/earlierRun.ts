import * as pulumi from "@pulumi/pulumi";
import { RELEASE_TYPE } from "../../upgrade/marks";
import type { OtherRelease, StackRelease } from "../../upgrade/plan/stackGuard";
import { isMap } from "../../upgrade/values/tree";
import { placeOf, type ReleaseInState } from "../../upgrade/words/sentAgain";

/** What earlier runs have left of this component in the stack's state. */
export interface EarlierRun extends StackRelease, ReleaseInState {
  readonly lastUpgrade?: unknown;
  readonly receipt?: unknown;
  readonly verification?: unknown;
  /** Of the component, as they were registered last; missing where there is none yet. */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Names of the claims with backups that the state has. */
  readonly claims: readonly string[];
  /** How many Jobs the state has; missing: none. */
  readonly jobs?: number;
  /**
   * URNs that a child had under former names of the component, or under the names of an earlier version of this program, to be
   * its aliases: none where the state has no such resource. The engine passes a component's own aliases on only as long as the
   * state does not have its new name, which a refused run may have written.
   *
   * @param type e.g. `kubernetes:batch/v1:Job`
   * @param name in Pulumi, as it is
   * @param oldName as an earlier version of this program had it. Default: none
   */
  readonly urnsOf: (type: string, name: string, oldName?: string) => string[];
}

/** Of a stack that has no state yet. */
export const NO_EARLIER_RUN: EarlierRun = { hasRelease: false, claims: [], urnsOf: () => [] };

/** The component's type in versions up to 0.1. */
export const OLD_TYPE = "milvus:upgrade:MilvusCluster";
export const TYPE = "milvus-upgrade:index:MilvusCluster";
/** Pulumi's name of the provider in versions up to 0.1, where it was no child of the component. */
const OLD_PROVIDER = "kubernetes";
const JOB_TYPE = "kubernetes:batch/v1:Job";
const CLAIM_TYPE = "kubernetes:core/v1:PersistentVolumeClaim";
export const PROVIDER_TYPE = "pulumi:providers:kubernetes";

export interface Address {
  /** Of the component. */
  readonly name: string;
  /** Names that the component had, as its aliases say. Default: none. */
  readonly formerNames?: readonly string[];
  readonly namespace: string;
  readonly releaseName: string;
  /** With which the chart repository is opened. Default: with nothing; "unknown" is compared with nothing. */
  readonly chartLogin?: ChartLogin | "unknown";
}

type ChartLogin = Readonly<Partial<Record<"username" | "password" | "caFile", string>>>;

/** What the stack's state has, or why it cannot be read. */
export interface StackResources {
  readonly found: readonly Found[];
  readonly failure?: string;
}

/** A resource of the state. */
interface Found {
  readonly urn: string;
  /** From the outermost component to the resource's own. */
  readonly types: readonly string[];
  readonly name: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Nothing for a new stack, and for one whose state cannot be read, which is said: the Release is protected in any case, but whether
 * it is that of the cluster upgraded last cannot be told then.
 *
 * @param resources of the stack, while they are still being read
 */
export async function readEarlierRun(
  { name, formerNames = [], namespace, releaseName, chartLogin = {} }: Address,
  resources: Promise<StackResources>,
  warn: (text: string) => Promise<unknown>,
): Promise<EarlierRun> {
  const { found, failure } = await resources;
  if (failure !== undefined) {
    await warn(
      `What earlier runs of this stack have left cannot be read (${failure}). So this run does not know whether this is the cluster that the stack upgraded last. Compare the cluster of the kubeconfig with the one you mean (kubectl config current-context) before you go on.`,
    );
  }
  const find = (type: string, ...wanted: string[]) =>
    found.find((it) => it.types.at(-1) === type && wanted.includes(it.name));
  const names = [name, ...formerNames];
  const release = find(RELEASE_TYPE, ...names.map(releaseResourceName));
  const isOurs = release !== undefined && isOfComponent(release);
  const ownProvider = find(PROVIDER_TYPE, ...names.map(providerName));
  // A Release that has no provider beside it was declared by an earlier version of this program. A run of it that ended before
  // the Release has left other children, and no component a provider.
  const isOld = isOurs || (found.some((it) => isOfComponent(it) && isIn(it, namespace)) && !found.some(isOwnProvider));
  const oldProvider = isOld && ownProvider === undefined ? find(PROVIDER_TYPE, OLD_PROVIDER) : undefined;
  const outputs: Found["outputs"] = (find(TYPE, ...names) ?? find(OLD_TYPE, ...names))?.outputs ?? {};
  const others = found
    .filter((it) => it.types.at(-1) === RELEASE_TYPE && isOfComponent(it) && it.name !== release?.name)
    .filter(({ outputs: of }) => of.name === releaseName && of.namespace === namespace)
    .map(({ name: otherName, urn }): OtherRelease => {
      const component = otherName.slice(0, -releaseResourceName("").length);
      const uid = find(PROVIDER_TYPE, providerName(component))?.outputs.clusterIdentifier;
      return { component, urn, ...(typeof uid === "string" && { namespaceUid: uid }) };
    });
  const jobs = found.filter((it) => it.types.at(-1) === JOB_TYPE && isOfComponent(it) && isIn(it, namespace)).length;
  const identifier = (ownProvider ?? oldProvider)?.outputs.clusterIdentifier;
  return {
    hasRelease: isOurs,
    ...(failure !== undefined && { isUnknown: true }),
    ...(isOurs && { release: addressOf(outputs.release, release.outputs) }),
    ...(isOurs && releaseIn(release.outputs)),
    ...(isOurs && chartLogin !== "unknown" && hasOtherLogin(release.outputs, chartLogin) && { hasOtherLogin: true }),
    ...(typeof identifier === "string" && { namespaceUid: identifier }),
    ...(Object.keys(outputs).length > 0 && { outputs }),
    ...(outputs.lastUpgrade !== undefined && { lastUpgrade: outputs.lastUpgrade }),
    ...(outputs.receipt !== undefined && { receipt: outputs.receipt }),
    ...(outputs.verification !== undefined && { verification: outputs.verification }),
    ...(others.length > 0 && { others }),
    claims: found
      .filter((it) => it.types.at(-1) === CLAIM_TYPE && isOfComponent(it) && metadataOf(it).namespace === namespace)
      .map((it) => String(metadataOf(it).name)),
    ...(jobs > 0 && { jobs }),
    urnsOf: (type, ownName, oldName) => {
      const ofType = found.filter((it) => it.types.at(-1) === type);
      const former = formerNames.map((it) => `${it}${ownName.slice(name.length)}`);
      const renamed = ofType.filter((it) => former.includes(it.name) && isOfComponent(it)).map(({ urn }) => urn);
      if (type === PROVIDER_TYPE) return [...renamed, ...[oldProvider?.urn ?? []].flat()];
      const old = ofType.filter((it) => it.name === oldName && isOfComponent(it) && isIn(it, namespace));
      return [...renamed, ...old.map(oldUrn)];
    },
  };
}

/** Pulumi's name of the Release: fixed, so that another release name shows as a replacement, which `protect` refuses. */
export function releaseResourceName(component: string): string {
  return `${component}-release`;
}

export function providerName(component: string): string {
  return `${component}-kubernetes`;
}

function isOfComponent({ types }: Found): boolean {
  return types.at(-2) === TYPE || types.at(-2) === OLD_TYPE;
}

function isOwnProvider(found: Found): boolean {
  return found.types.at(-1) === PROVIDER_TYPE && isOfComponent(found);
}

/** Two clusters may have releases of one name, in two namespaces. */
function isIn(found: Found, namespace: string): boolean {
  return metadataOf(found).namespace === namespace;
}

/**
 * As it was at the start of the run. The engine writes the state while the run is at work, and gives the children of a component
 * the new type of their parent as soon as that is registered.
 */
function oldUrn({ urn, types }: Found): string {
  return urn.replace(types.join("$"), types.map((type) => (type === TYPE ? OLD_TYPE : type)).join("$"));
}

function metadataOf({ outputs }: Found): { readonly name?: unknown; readonly namespace?: unknown } {
  return outputs.metadata ?? {};
}

/** As Helm had it when this stack sent or read it last. */
function releaseIn(outputs: Found["outputs"]): Omit<ReleaseInState, "hasRelease" | "isUnknown"> {
  const { description, version, values, status } = outputs;
  const { revision } = (status ?? {}) as { readonly revision?: unknown };
  const place = placeIn(outputs);
  return {
    ...(typeof description === "string" && { releaseDescription: description }),
    ...(place !== undefined && { releasePlace: place }),
    ...(typeof revision === "number" && { releaseRevision: revision }),
    ...(typeof version === "string" && { releaseVersion: version }),
    ...(isMap(values) && { releaseValues: values }),
  };
}

/** No chart but one of a repository is opened with a login. */
function hasOtherLogin({ repositoryOpts }: Found["outputs"], login: ChartLogin): boolean {
  if (!isMap(repositoryOpts)) return false;
  return (["username", "password", "caFile"] as const).some(
    (key) => (repositoryOpts[key] ?? "") !== (login[key] ?? ""),
  );
}

function placeIn({ chart, repositoryOpts }: Found["outputs"]): string | undefined {
  if (typeof chart !== "string") return undefined;
  if (repositoryOpts === undefined) return placeOf({ kind: "folder", location: chart, name: chart });
  const { repo } = repositoryOpts as { readonly repo?: unknown };
  return typeof repo === "string" ? placeOf({ kind: "repository", location: repo, name: chart }) : undefined;
}

/** As the component said it, or as the Release has it. */
function addressOf(said: unknown, { namespace, name }: Found["outputs"]): string {
  return typeof said === "string" ? said : `${String(namespace)}/${String(name)}`;
}

/** As the run finds it: asked for first of all, since a preview starts the plugin by what it says. */
export async function readStackResources(): Promise<StackResources> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const token = "pulumi:pulumi:readStackResourceOutputs";
  try {
    const { outputs = {} } = (await pulumi.runtime.invoke(token, { stackName })) as {
      readonly outputs?: Readonly<Record<string, { readonly outputs?: Found["outputs"] } | undefined>>;
    };
    const found = Object.entries(outputs).map(([urn, resource]) => ({
      urn,
      ...parseUrn(urn),
      outputs: resource?.outputs ?? {},
    }));
    return { found };
  } catch (error) {
    return { found: [], failure: `${token}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** `urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME`; a name may hold `::`. */
function parseUrn(urn: string): Pick<Found, "types" | "name"> {
  const [, , types = "", ...name] = urn.split("::");
  return { types: types.split("$"), name: name.join("::") };
}
