import { expect } from "chai";
import type { EngineStack } from "../../sandbox/engine";
import type { MetadataState } from "../../sandbox/metadata";
import type { Faults } from "../../sandbox/podRunner/faults";
import { isTurnOf, type JobPod } from "./support/jobPods";
import { killUpWhen } from "./support/killedRun";
import { failureOf, problems, startTestBed, type TestBed, until } from "./support/testBed";

/** A Milvus 2.1.4 with metadata, wanted at 2.2.0. */
async function oldMilvus(): Promise<{ bed: TestBed; stack: EngineStack; original: MetadataState }> {
  const bed = await startTestBed();
  const original = await bed.seed();
  await bed.install("3.2.18");
  const stack = await bed.stack({ "milvus:version": "2.2.0", "milvus:timeouts": { pending: "5s" } });
  return { bed, stack, original };
}

/** True once the turn of a Job's container has come. */
async function turnHasCome(bed: TestBed, container: string): Promise<boolean> {
  const text = await bed.sandbox.kubectl([
    "get",
    "pods",
    "--namespace=milvus",
    "--selector=batch.kubernetes.io/job-name",
    "--output=json",
  ]);
  return (JSON.parse(text) as { items: JobPod[] }).items.some((pod) => isTurnOf(container, pod));
}

/** A moment of a run: what holds the run up there, and how it is known to be there. */
interface Moment {
  readonly faults: Faults;
  readonly condition: (bed: TestBed) => Promise<boolean>;
}

describe("an up that is killed (program, engine and provider at once) goes on with the next one", () => {
  const held = (container: string): Moment => ({
    faults: { containers: [{ container, hold: true }] },
    condition: (bed) => turnHasCome(bed, container),
  });
  const moments: Readonly<Record<string, Moment>> = {
    stop: held("await-pods-gone"),
    backup: held("backup"),
    "migrate, with the source cleaned and the target not saved": {
      faults: { containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=sleep:8000" } }] },
      condition: async (bed) => (await bed.metadata()).format === "empty",
    },
    release: {
      // Helm waits for pods that are not ready, so that its record stays pending until it is killed.
      faults: { milvus: [{ component: "proxy", image: "2.2.0", effect: "neverReady" }] },
      condition: async (bed) =>
        (await bed.sandbox.helm(["list", "--namespace=milvus", "--all", "--output=json"])).includes("pending-upgrade"),
    },
  };
  for (const [at, { faults, condition }] of Object.entries(moments)) {
    it(`killed at ${at}`, async () => {
      const { bed, stack, original } = await oldMilvus();
      try {
        bed.faults(faults);
        await killUpWhen(bed.sandbox, at, () => condition(bed));
        bed.faults({});
        await stack.cancel();
        await upUntilDone(stack);
        expect(
          problems(await bed.observe(), { version: "2.2.0", metadata: { before: original, format: "2.2" } }),
        ).to.deep.equal([]);
      } finally {
        await bed.stop();
      }
    });
  }
});

/** A record left pending is only cleared once it is certain that nobody works on it; a refusal says how long. */
async function upUntilDone(stack: EngineStack): Promise<void> {
  let refused = "";
  await until(
    "an up that goes through",
    async () => {
      try {
        await stack.up();
        return true;
      } catch (error) {
        refused = error instanceof Error ? error.message : String(error);
        if (!/pending/.test(refused)) {
          throw error;
        }
        return false;
      }
    },
    180,
  );
}

describe("a node that dies in the middle of the migration", () => {
  it("loses no metadata: the pod runner is killed with the source cleaned, and one more up finishes", async () => {
    const { bed, stack, original } = await oldMilvus();
    try {
      bed.faults({ containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=sleep:20000" } }] });
      const failed = failureOf(stack.up());
      await until("the source is cleaned", async () => (await bed.metadata()).format === "empty", 90);
      bed.sandbox.killPodRunner();
      bed.faults({});
      await bed.sandbox.startPodRunner();
      await failed;
      expect((await bed.metadata()).format).to.equal("empty");
      await stack.up();
      expect(
        problems(await bed.observe(), { version: "2.2.0", metadata: { before: original, format: "2.2" } }),
      ).to.deep.equal([]);
    } finally {
      await bed.stop();
    }
  });

  it("survives an API server that restarts while the Job works", async () => {
    const { bed, stack, original } = await oldMilvus();
    try {
      bed.faults({ containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=sleep:6000" } }] });
      const run = stack.up().then(
        () => "done",
        (error: unknown) => String(error),
      );
      await until("the source is cleaned", async () => (await bed.metadata()).format === "empty", 90);
      await bed.sandbox.restartApiServer();
      await run;
      bed.faults({});
      await upUntilDone(stack);
      expect(
        problems(await bed.observe(), { version: "2.2.0", metadata: { before: original, format: "2.2" } }),
      ).to.deep.equal([]);
    } finally {
      await bed.stop();
    }
  });
});

describe("giving up and going back", () => {
  it("with the old version set after a failed migration, the old Milvus runs again on its old metadata", async () => {
    const { bed, stack, original } = await oldMilvus();
    try {
      bed.faults({ containers: [{ container: "migrate", env: { SANDBOX_FAULT: "after-clean=kill" } }] });
      await failureOf(stack.up());
      bed.faults({});
      await stack.setConfig({ "milvus:version": "2.1.4" });
      await stack.up();
      const milvus = await bed.observe();
      expect(problems(milvus, { version: "2.1.4", metadata: { before: original, format: "2.1" } })).to.deep.equal([]);
      expect(milvus.components.find(({ component }) => component === "querynode")?.ready).to.equal(3);
    } finally {
      await bed.stop();
    }
  });

  it("a finished migration is gone back over only when milvus:rollback says so", async () => {
    const { bed, stack, original } = await oldMilvus();
    try {
      await stack.up();
      await stack.setConfig({ "milvus:version": "2.1.4" });
      const refused = await failureOf(stack.up());
      expect(refused.message).to.contain("milvus:rollback");
      await stack.setConfig({ "milvus:rollback": true });
      const preview = await stack.preview();
      expect(preview.diagnostics.map(({ message }) => message).join("\n")).to.match(/lost/);
      await stack.up();
      expect(
        problems(await bed.observe(), { version: "2.1.4", metadata: { before: original, format: "2.1" } }),
      ).to.deep.equal([]);
    } finally {
      await bed.stop();
    }
  });
});
