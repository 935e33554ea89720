import type { HelmValue, HelmValues } from "../../upgrade/model";
import { mapSecrets, type Secret } from "../../upgrade/secrets/classify";

/** What is encrypted together: a value that looks like a password, or all values. */
export interface SecretValue {
  /** As `pulumi config set --path` wants it: `minio.secretKey`, `extraEnv[0].value`. Missing: all of `milvus:values`, as JSON. */
  readonly path?: string;
  readonly value: string;
  /** Why all of them. */
  readonly why?: string;
}

/**
 * Takes out of the values what is secret, and what holds something that is. Pulumi encrypts texts: a number would come back as
 * a text, which a chart renders otherwise. With one, or under a key that no path of Pulumi's can name, all values are encrypted.
 */
export function splitSecrets(values: HelmValues): {
  /** Missing: nothing is left. */
  readonly open?: HelmValues;
  readonly secrets: readonly SecretValue[];
} {
  const secrets: Secret[] = [];
  const open = mapSecrets(values, (secret) => {
    secrets.push(secret);
    // An item keeps its place: pulumi sets it by its number.
    return typeof secret.path.at(-1) === "number" ? "" : undefined;
  });
  const why = secrets.map(whyNotAlone).find((it) => it !== undefined);
  if (why !== undefined) return { secrets: [{ value: JSON.stringify(values), why }] };
  return {
    open: withoutTaken(open) as HelmValues,
    secrets: secrets.map(({ path, value }) => ({ path: joined(path), value: String(value) })),
  };
}

function whyNotAlone({ path, value }: Secret): string | undefined {
  if (path.some((key) => key === "" || (typeof key === "string" && /["\\]/.test(key))))
    return `no path of Pulumi's can name ${joined(path)}`;
  return typeof value === "string" ? undefined : `${joined(path)} is a ${typeof value}, and Pulumi encrypts texts`;
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
