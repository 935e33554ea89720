/** Property values as the engine sends them: JSON, with secrets and unknown values marked inside. */

export type Json = string | number | boolean | null | Json[] | Properties;
export interface Properties {
  [key: string]: Json;
}

// Fixed by Pulumi's protocol (sdk/nodejs/runtime/rpc.ts names the same values).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export function isObject(value: Json | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: Json | undefined): boolean {
  return isObject(value) && value[SIGNATURE] === SECRET;
}

export function asSecret(value: Json): Json {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** The same value with every secret laid open, for calls to the cluster; never for the state. */
export function plain(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (!isObject(value)) {
    return value;
  }
  if (value[SIGNATURE] === SECRET || value[SIGNATURE] === OUTPUT) {
    return value.value === undefined ? UNKNOWN : plain(value.value);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

export function plainProperties(value: Properties): Properties {
  return plain(value) as Properties;
}

export function hasUnknowns(value: Json): boolean {
  if (Array.isArray(value)) {
    return value.some(hasUnknowns);
  }
  return isObject(value) ? Object.values(value).some(hasUnknowns) : value === UNKNOWN;
}

/** `value` with secret marks wherever `model` has them, so that what came in secret goes out secret. */
export function markSecrets(value: Json, model: Json | undefined): Json {
  if (isSecret(model)) {
    return asSecret(value);
  }
  if (Array.isArray(value) && Array.isArray(model)) {
    return value.map((item, index) => markSecrets(item, model[index]));
  }
  if (isObject(value) && !isSecret(value) && isObject(model)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markSecrets(item, model[key])]));
  }
  return value;
}

/** A value at a path of object keys. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

export function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Only those keys of `live` that `shape` has too, at every level; lists as they are. */
export function prune(live: Json, shape: Json): Json {
  if (Array.isArray(live) && Array.isArray(shape)) {
    return live.map((item, index) => {
      const itemShape = shape[index];
      return itemShape === undefined ? item : prune(item, itemShape);
    });
  }
  if (isObject(live) && isObject(shape)) {
    return Object.fromEntries(
      Object.entries(live).flatMap(([key, item]) => {
        const itemShape = shape[key];
        return itemShape === undefined ? [] : [[key, prune(item, itemShape)]];
      }),
    );
  }
  return live;
}

/** `over` laid on `base`, objects merged, everything else replaced. */
export function merge(base: Properties, over: Properties): Properties {
  const result: Properties = { ...base };
  for (const [key, item] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(item) ? merge(below, item) : item;
  }
  return result;
}

export function without(properties: Properties, keys: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !keys.includes(key)));
}
