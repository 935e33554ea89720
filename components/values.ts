import * as pulumi from "@pulumi/pulumi";
import type { HelmValue, HelmValues } from "../upgrade/model";
import { mapSecrets, secretsIn } from "../upgrade/secrets/classify";
import { HIDDEN } from "../upgrade/secrets/take";
import { layBack, type OpaqueValue } from "../upgrade/values/opaque";
import { isMap, type ValuePath } from "../upgrade/values/tree";
import { isLater, resolve } from "./engine/resolve";

/** The Helm values that a program gives, with what of them is left to the program. */
export interface GivenValues {
  /** Without the Outputs; undefined where all of them are one Output that is not known yet. */
  readonly plain: HelmValues | undefined;
  /** True where all of them are one Output: whoever made it may have made it of passwords. */
  readonly isSecret: boolean;
  readonly leaves: readonly LaterValue[];
}

/** A leaf that is an Output. */
export interface LaterValue extends OpaqueValue {
  readonly output: pulumi.Output<unknown>;
}

/** Splits what the program knows from what Pulumi resolves later. */
export async function resolveValues(values: pulumi.Input<object> | undefined): Promise<GivenValues> {
  if (isLater(values)) {
    const whole = await resolve(values as pulumi.Input<HelmValues | null | undefined>);
    // An Output of nothing is nothing, as no values are.
    return { plain: whole.isKnown ? (whole.value ?? {}) : undefined, isSecret: true, leaves: [] };
  }
  const later: { readonly path: ValuePath; readonly output: pulumi.Output<unknown> }[] = [];
  const plain = withoutLater((values ?? {}) as Readonly<Record<string, unknown>>, [], later);
  const leaves = later.map(async ({ path, output }): Promise<LaterValue> => {
    const found = await resolve(output);
    return { path, output, ...(found.isKnown && { value: found.value as HelmValue }) };
  });
  return { plain, isSecret: false, leaves: await Promise.all(leaves) };
}

function withoutLater(
  tree: Readonly<Record<string, unknown>>,
  above: ValuePath,
  later: { readonly path: ValuePath; readonly output: pulumi.Output<unknown> }[],
): HelmValues {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]): [string, HelmValue][] => {
      const path = [...above, key];
      if (value === undefined) return [];
      // A list with an Output in it is one value: Helm replaces lists as a whole.
      if (isLater(value) || (Array.isArray(value) && holdsLater(value))) {
        later.push({ path, output: pulumi.output(value as unknown) });
        return [];
      }
      return [[key, isMap(value) ? withoutLater(value, path, later) : (value as HelmValue)]];
    }),
  );
}

function holdsLater(value: unknown): boolean {
  return isLater(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsLater));
}

/** Shorter ones would hide parts of ordinary words. */
const SHORTEST_HIDDEN = 4;

/** The texts of the leaves that are Outputs, and the numbers that are secret, for those who must not print them. */
export function laterTexts(leaves: readonly LaterValue[]): string[] {
  const texts = (value: HelmValue | undefined): string[] =>
    typeof value === "string"
      ? [value]
      : typeof value === "object" && value !== null
        ? Object.values(value).flatMap((below) => texts(below))
        : [];
  const numbers = leaves.flatMap(({ path, value }) => secretsIn(value ?? null, ...path).map((it) => String(it.value)));
  return [...leaves.flatMap(({ value }) => texts(value)), ...numbers].filter((text) => text.length >= SHORTEST_HIDDEN);
}

/** Without these texts, as they are or in JSON: a rule may have moved a value of the user's, and says so. */
export function withoutTexts(text: string, hidden: readonly string[]): string {
  return hidden
    .flatMap((it) => [it, JSON.stringify(it).slice(1, -1)])
    .sort((a, b) => b.length - a.length)
    .reduce((all, it) => all.replaceAll(it, HIDDEN), text);
}

/**
 * The plan's values as input of the Release: with the Outputs at their places again, and with passwords and keys encrypted in the
 * state and hidden in the diff wherever they came from.
 *
 * @param all everything is encrypted
 */
export function releaseValues(
  planned: HelmValues,
  leaves: readonly LaterValue[],
  all: boolean,
): pulumi.Input<Record<string, unknown>> {
  const hidden = laterTexts(leaves);
  const laid = layBack(planned, leaves, (index, changed) => {
    const output = leaves[index]?.output;
    // Of the Output still, for what it depends on.
    return pulumi.secret(changed === undefined ? output : output?.apply(() => changed));
  });
  return all ? pulumi.secret(laid) : encryptSecrets(laid, hidden);
}

/** A text that holds a secret is encrypted as a whole: a part of it cannot be. */
function encryptSecrets(laid: Readonly<Record<string, unknown>>, hidden: readonly string[]): Record<string, unknown> {
  const walk = (value: unknown): unknown => {
    if (isLater(value)) return value;
    // Also as a part, as in a configuration that a rule has moved it to.
    if (typeof value === "string" && hidden.some((text) => value.includes(text))) return pulumi.secret(value);
    if (Array.isArray(value)) return value.map(walk);
    return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, below]) => [key, walk(below)])) : value;
  };
  // The Outputs in it are passed over.
  return walk(mapSecrets(laid as HelmValues, ({ value }) => pulumi.secret(value))) as Record<string, unknown>;
}
