import type { HelmValue, HelmValues } from "../../upgrade/model";
import { mapSecrets, type Secret } from "../../upgrade/secrets/classify";

/** A value that looks like a password, with its path as `pulumi config set --path` wants it. */
export interface SecretValue {
  /** `minio.secretKey`, `extraEnv[0].value`, `extraConfigFiles["user.yaml"]`. */
  readonly path: string;
  readonly value: string;
}

/** Takes out of the values what is secret, and what holds something that is. */
export function splitSecrets(values: HelmValues): {
  readonly open: HelmValues;
  readonly secrets: readonly SecretValue[];
} {
  const secrets: SecretValue[] = [];
  const open = mapSecrets(values, ({ path, value }) => {
    secrets.push({ path: joined(path), value: String(value) });
    // An item keeps its place: pulumi sets it by its number.
    return typeof path.at(-1) === "number" ? "" : undefined;
  });
  return { open: withoutTaken(open) as HelmValues, secrets };
}

/** The values as they come back from the stack config once their secrets are encrypted, which makes texts of numbers. */
export function secretsAsText(values: HelmValues): HelmValues {
  return mapSecrets(values, ({ value }) => String(value)) as HelmValues;
}

function withoutTaken(value: unknown): HelmValue {
  if (Array.isArray(value)) return value.map(withoutTaken);
  if (typeof value !== "object" || value === null) return value as HelmValue;
  const left = Object.entries(value).filter(([, below]) => below !== undefined);
  return Object.fromEntries(left.map(([key, below]) => [key, withoutTaken(below)]));
}

function joined(path: Secret["path"]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (/[.[\]"]/.test(key)) return `${text}["${key}"]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}
