import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema";
import { MilvusCluster } from "../components/milvusCluster";

const ROOT = join(__dirname, "..");
export const SCHEMA_FILE = join(__dirname, "schema.json");

/**
 * The package schema from which Pulumi makes the component's types in other languages, as the SDK's own component host finds it in
 * the sources. That takes seconds of a processor, in which a run could do nothing else: so it is done once, and kept.
 */
export function packageSchema(): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
  const { name, version, description } = manifest;
  const analyzer = new Analyzer(ROOT, name, manifest, new Set([MilvusCluster.name]));
  const { components, typeDefinitions, dependencies } = analyzer.analyze();
  const schema = generateSchema(name, version, description, components, typeDefinitions, dependencies);
  // The other languages put `Args` behind the names of types themselves.
  return `${JSON.stringify(schema, null, 2).replace(/(:index:\w+)Args"/g, '$1"')}\n`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

if (require.main === module) writeFileSync(SCHEMA_FILE, packageSchema());
