import * as pulumi from "@pulumi/pulumi";
import type { MilvusClusterArgs } from "./args";
import { OLD_TYPE, readStackResources, TYPE } from "./engine/earlierRun";
import { settled } from "./engine/resolve";
import type { LastUpgrade } from "./measure";
import type { ClusterOutputs, PlanOutput } from "./outputs";
import type { ReceiptOutput } from "./receipt";
import { runUpgrade } from "./upgradeRun";

/** Carries the arguments past the SDK, which would write them into the state: they may hold passwords. */
const GIVEN = Symbol("arguments");

interface Carried {
  readonly [GIVEN]: MilvusClusterArgs;
}

/**
 * A Milvus cluster that Helm installs, and everything that brings it to the version wanted: the lock on the release, the look
 * at the cluster, the plan or its refusal, the steps in their order, and the verification. What depends on this component
 * waits until the verification has passed.
 */
export class MilvusCluster extends pulumi.ComponentResource<ClusterOutputs> {
  /** `namespace/name` of the Helm release. */
  readonly release: pulumi.Output<string>;
  /** The Milvus version that runs after this run. */
  readonly version: pulumi.Output<string>;
  /** Chart name and version, e.g. `milvus-4.0.31`. */
  readonly chart: pulumi.Output<string>;
  /** `host:port` inside the Kubernetes cluster. */
  readonly endpoint: pulumi.Output<string>;
  /** The plan of this run, as data. */
  readonly plan: pulumi.Output<PlanOutput>;
  /** Newest claim with a backup of the metadata, for as long as it is in the cluster. */
  readonly backupClaim: pulumi.Output<string | undefined>;
  /** How things are after this run, packed, for a plan where the cluster cannot be reached (`npm run plan -- --offline`). */
  readonly facts: pulumi.Output<string>;
  /** What the last upgrade really took. */
  readonly lastUpgrade: pulumi.Output<LastUpgrade | undefined>;
  /** What is left of the last upgrade for those who ask later. */
  readonly receipt: pulumi.Output<ReceiptOutput | undefined>;
  /** What the verification found. */
  readonly verification: pulumi.Output<string>;

  constructor(name: string, args: MilvusClusterArgs, options?: pulumi.ComponentResourceOptions) {
    const carried: Carried = { [GIVEN]: args };
    super(TYPE, name, carried, pulumi.mergeOptions(options, { aliases: [{ type: OLD_TYPE }] }));
    const data = pulumi.output(this.getData());
    this.release = data.release;
    this.version = data.version;
    this.chart = data.chart;
    this.endpoint = data.endpoint;
    this.plan = data.plan;
    this.backupClaim = data.apply(({ backupClaim }) => backupClaim);
    this.facts = data.facts;
    this.lastUpgrade = data.apply(({ lastUpgrade }) => lastUpgrade);
    this.receipt = data.apply(({ receipt }) => receipt);
    this.verification = data.verification;
    // Here, and not once they are known: Pulumi waits for outputs that are to come, and not for what is read before.
    this.registerOutputs({
      release: this.release,
      version: this.version,
      chart: this.chart,
      endpoint: this.endpoint,
      plan: this.plan,
      backupClaim: this.backupClaim,
      facts: this.facts,
      lastUpgrade: this.lastUpgrade,
      receipt: this.receipt,
      verification: this.verification,
    });
  }

  protected override async initialize(
    args: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
    name: string,
  ): Promise<ClusterOutputs> {
    const resources = readStackResources();
    await this.turn(options);
    const { [GIVEN]: given } = args as unknown as Carried;
    return runUpgrade(this, { name, formerNames: await namesOf(options.aliases), resources }, given);
  }

  /** Waits for what this component depends on: the engine knows of its resources only, and not of what is read before them. */
  private async turn({ dependsOn }: pulumi.ComponentResourceOptions): Promise<void> {
    for (const resource of await resourcesOf(dependsOn)) {
      if (resource instanceof MilvusCluster) await resource.getData();
    }
    await settled(this.urn);
  }
}

/** The names that the component had. */
async function namesOf(aliases: pulumi.ComponentResourceOptions["aliases"] = []): Promise<string[]> {
  const names = await Promise.all(
    aliases.map(async (alias) => {
      const given = await settled(pulumi.output(alias as unknown));
      if (typeof given === "string") return given.split("::").slice(3).join("::");
      return (given as { readonly name?: unknown } | undefined)?.name;
    }),
  );
  return names.filter((name): name is string => typeof name === "string" && name !== "");
}

async function resourcesOf(dependsOn: pulumi.ComponentResourceOptions["dependsOn"]): Promise<pulumi.Resource[]> {
  const given = await settled(pulumi.output(dependsOn as unknown));
  return [given ?? []].flat().filter((it) => pulumi.Resource.isInstance(it));
}
