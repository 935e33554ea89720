import { createHash } from "node:crypto";
import { NotRendered, renderChart } from "../../manifests/helm";
import { parseManifest } from "../../manifests/objects";
import type { HelmValues } from "../../upgrade/model";
import type { Chart } from "./charts";
import { type Picture, pictureOf } from "./picture";

export const RELEASE_NAME = "my-release";
export const NAMESPACE = "milvus";

/** A picture, or why the chart cannot be rendered with these values. */
export type Rendering = Picture | { readonly failed: string };

export interface Renderer {
  render(chart: Chart, values: HelmValues, isUpgrade: boolean): Promise<Rendering>;
  /** Of all that is rendered, or of the reason why nothing is. */
  digest(chart: Chart, values: HelmValues, isUpgrade: boolean): Promise<string>;
  /** How often Helm was called. */
  readonly calls: number;
}

/** Kinds that the charts look for in the cluster before they render them. */
const SERVED = [
  "networking.k8s.io/v1/Ingress",
  "policy/v1/PodDisruptionBudget",
  "autoscaling/v2/HorizontalPodAutoscaler",
];

/** A picture is some hundred kilobytes; neighbours in the list of jobs share them. */
const KEPT = 200;

/**
 * Renders each chart with each values once, or again long afterwards.
 *
 * @param atOnce processes of Helm at the same time
 */
export function createRenderer(kubernetesVersion: string, atOnce: number): Renderer {
  const texts = new Map<string, Promise<string | NotRendered>>();
  const pictures = new Map<string, Promise<Rendering>>();
  const digests = new Map<string, Promise<string>>();
  const gate = limit(atOnce);
  let calls = 0;
  const call = async (chart: Chart, values: HelmValues, isUpgrade: boolean): Promise<string | NotRendered> => {
    calls++;
    try {
      return await renderChart({
        chart: { kind: "folder", name: "milvus", version: chart.version, location: chart.folder },
        releaseName: RELEASE_NAME,
        namespace: NAMESPACE,
        values,
        kubernetesVersion,
        apiVersions: SERVED,
        isUpgrade,
        projectFolder: process.cwd(),
      });
    } catch (error) {
      if (error instanceof NotRendered) return error;
      throw error;
    }
  };
  const textOf: (key: string, ...args: Parameters<typeof call>) => Promise<string | NotRendered> = (key, ...args) =>
    recent(texts, key, () => gate(() => call(...args)));
  return {
    get calls() {
      return calls;
    },
    render: (chart, values, isUpgrade) => {
      const key = keyOf([chart.version, isUpgrade, sorted(values)]);
      return recent(pictures, key, async () => {
        const text = await textOf(key, chart, values, isUpgrade);
        return typeof text === "string" ? pictureOf(parseManifest(text, NAMESPACE)) : { failed: text.message };
      });
    },
    digest: (chart, values, isUpgrade) => {
      const key = keyOf([chart.version, isUpgrade, sorted(values)]);
      const known = digests.get(key) ?? textOf(key, chart, values, isUpgrade).then((text) => keyOf(text.toString()));
      digests.set(key, known);
      return known;
    },
  };
}

/** The last ones asked for are kept. */
function recent<T>(kept: Map<string, T>, key: string, make: () => T): T {
  const found = kept.get(key) ?? make();
  kept.delete(key);
  kept.set(key, found);
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  return found;
}

function keyOf(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The order of keys is nothing to a chart. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Lets so many work at the same time. */
function limit(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
