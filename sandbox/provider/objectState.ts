import {
  asSecret,
  at,
  isObject,
  type Json,
  markSecrets,
  type Properties,
  plainProperties,
  text,
  without,
} from "./values";

export function skipsAwait(object: Properties): boolean {
  return at(object, "metadata", "annotations", "pulumi.com/skipAwait") === "true";
}

/** The state of an object: what the API server has, what was asked for, and which of it is secret. */
export function checkpoint(live: Properties, inputs: Properties): Properties {
  const state = markSecrets(live, inputs) as Properties;
  if (live.kind === "Secret") {
    for (const key of ["data", "stringData"]) {
      if (state[key] !== undefined) {
        state[key] = asSecret(state[key]);
      }
    }
  }
  return { ...state, __inputs: inputs };
}

export function inputsOf(state: Properties): Properties {
  const inputs = plainProperties(state).__inputs;
  return isObject(inputs) ? inputs : {};
}

/** A Secret is asked for with `stringData` and kept as `data`: to be compared, what is kept is put back as asked for. */
export function withStringData(live: Properties, asked: Properties): Properties {
  const [data, stringData] = [live.data, asked.stringData];
  if (live.kind !== "Secret" || !isObject(data) || !isObject(stringData)) {
    return live;
  }
  const decoded = Object.keys(stringData).flatMap((key) => {
    const value = text(data[key]);
    return value === undefined ? [] : [[key, Buffer.from(value, "base64").toString("utf8")]];
  });
  return { ...live, stringData: Object.fromEntries(decoded) as Properties };
}

const SERVER_FIELDS = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"];

export function importedInputs(live: Properties): Properties {
  const { metadata } = live;
  return { ...without(live, ["status"]), metadata: without(isObject(metadata) ? metadata : {}, SERVER_FIELDS) };
}

/** JSON merge patch that turns what was asked for before into what is asked for now, and touches nothing else. */
export function mergePatch(before: Properties, after: Properties): Properties {
  const patch: Properties = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]];
    if (now === undefined) {
      patch[key] = null;
    } else if (isObject(old) && isObject(now)) {
      const inner = mergePatch(old, now);
      if (Object.keys(inner).length > 0) {
        patch[key] = inner;
      }
    } else if (JSON.stringify(old) !== JSON.stringify(now)) {
      patch[key] = now;
    }
  }
  return patch;
}

export function namespaceOf(object: Properties): string {
  return text(at(object, "metadata", "namespace")) ?? "default";
}

/** `namespace/name`, or the name alone. */
export function idOf(object: Properties): string {
  const [namespace, name] = [at(object, "metadata", "namespace"), at(object, "metadata", "name")].map((part) =>
    text(part as Json),
  );
  return namespace === undefined ? (name ?? "") : `${namespace}/${name ?? ""}`;
}
