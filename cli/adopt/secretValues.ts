import { scrub } from "../../cluster/diagnose/scrub";
import type { HelmValue, HelmValues } from "../../upgrade/model";
import { isMap } from "../../upgrade/values/tree";
import { isSecretKey } from "../manifests/mask";

/** A value that looks like a password, with its path as `pulumi config set --path` wants it. */
export interface SecretValue {
  /** `minio.secretKey`, `extraEnv[0].value`, `extraConfigFiles["user.yaml"]`. */
  readonly path: string;
  readonly value: string;
}

/** Takes what looks like a password out of the values: by its key, or, in a text of several lines, by what is in it. */
export function splitSecrets(values: HelmValues): {
  readonly open: HelmValues;
  readonly secrets: readonly SecretValue[];
} {
  const secrets: SecretValue[] = [];
  const visit = (value: HelmValue, path: string, key: string): HelmValue | undefined => {
    if (typeof value === "string" && isSecret(key, value)) {
      secrets.push({ path, value });
      return undefined;
    }
    if (Array.isArray(value)) return visitList(value, path, key);
    return isMap(value) ? visitMap(value, path) : value;
  };
  const visitMap = (map: HelmValues, path: string): HelmValues => {
    const isSecretVariable = typeof map.name === "string" && isSecretKey(map.name, map.value ?? null);
    return Object.fromEntries(
      Object.entries(map).flatMap(([key, inner]) => {
        const name = isSecretVariable && key === "value" ? "password" : key;
        const open = visit(inner, join(path, key), name);
        return open === undefined ? [] : [[key, open]];
      }),
    );
  };
  // An item keeps its place: pulumi sets it by its number.
  const visitList = (list: readonly HelmValue[], path: string, key: string): HelmValue[] =>
    list.map((item, index) => visit(item, `${path}[${index}]`, key) ?? "");
  return { open: visitMap(values, ""), secrets };
}

function isSecret(key: string, value: string): boolean {
  return isSecretKey(key, value) || (value.includes("\n") && scrub(value) !== value);
}

function join(path: string, key: string): string {
  if (/[.[\]"]/.test(key)) return `${path}["${key}"]`;
  return path === "" ? key : `${path}.${key}`;
}
