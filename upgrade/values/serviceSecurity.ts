import { chartAtLeast, chartOlderThan } from "../charts/versions";
import type { HelmValue, HelmValues } from "../model";
import { SHORTCUTS_UNTIL } from "./tables/shortcuts";
import { asText, getValue, isHidden, isMap, path, type ValuePath } from "./tree";
import { USER_YAML_NAME, userConfigValue } from "./userYaml";

/** What Milvus asks of whoever calls it. */
export interface ServiceSecurity {
  /** The setting that asks for a user and password; missing: nobody is asked. */
  readonly authorization?: string;
  /** Missing: plain text. */
  readonly tls?: {
    readonly setting: string;
    /** The client must show a certificate too (tlsMode 2). */
    readonly isMutual: boolean;
  };
  /** Where the settings are that cannot be seen in the values: a ConfigMap of the user's own. */
  readonly unseen?: string;
}

/** From here extraConfigFiles["user.yaml"] is mounted (fact 5.1), and customConfigMap may be in its stead (fact 5.5). */
const USER_YAML_SINCE = "3.3.2";
const OWN_CONFIG_SINCE = "4.1.35";
const AUTHORIZATION: ValuePath = ["common", "security", "authorizationEnabled"];
const TLS_MODE: ValuePath = ["common", "security", "tlsMode"];

/**
 * Whether a Milvus with these values wants credentials and TLS: from user.yaml, the chart's shortcut (below 4.0.0) and extraEnv,
 * which goes over both. Off is Milvus' default for both, in every version.
 */
export function serviceSecurity(values: HelmValues, chart: string): ServiceSecurity {
  const ownConfig = chartAtLeast(chart, OWN_CONFIG_SINCE) ? asText(getValue(values, path("customConfigMap"))) : "";
  const authorization = settingOf(AUTHORIZATION, values, chart);
  const tls = settingOf(TLS_MODE, values, chart);
  const tlsMode = asText(tls?.value);
  return {
    ...(authorization &&
      asText(authorization.value).toLowerCase() === "true" && { authorization: authorization.setting }),
    ...(tls && (tlsMode === "1" || tlsMode === "2") && { tls: { setting: tls.setting, isMutual: tlsMode === "2" } }),
    ...(ownConfig !== "" && { unseen: ownConfig }),
  };
}

interface Setting {
  /** Where it stands, as people write it. */
  readonly setting: string;
  readonly value: HelmValue;
}

function settingOf(keys: ValuePath, values: HelmValues, chart: string): Setting | undefined {
  const env = environmentValue(keys, values);
  if (env !== undefined) return env;
  const configured = chartAtLeast(chart, USER_YAML_SINCE) ? userConfigValue(values, keys) : undefined;
  if (configured !== undefined) return { setting: `${USER_YAML_NAME}: ${keys.join(".")}`, value: configured };
  const shortcut = "authorization.enabled";
  const value =
    keys === AUTHORIZATION && chartOlderThan(chart, SHORTCUTS_UNTIL) ? getValue(values, path(shortcut)) : undefined;
  return value === undefined ? undefined : { setting: shortcut, value };
}

/** An Output is read by nobody but Helm: a list of variables that is one is taken for passwords. */
function seenIn(values: HelmValues, keys: ValuePath): HelmValue | undefined {
  return isHidden(values, keys) ? undefined : getValue(values, keys);
}

/** Milvus reads every setting from the environment too: its name in any case, with "_" for "." or without. */
function environmentValue(keys: ValuePath, values: HelmValues): Setting | undefined {
  const wanted = keys.join("").toLowerCase();
  for (const list of ["extraEnv", "proxy.extraEnv", "standalone.extraEnv"]) {
    const items = seenIn(values, path(list));
    const found = (Array.isArray(items) ? items : []).findLast(
      (item) => isMap(item) && asText(item.name).replaceAll(/[_.]/g, "").toLowerCase() === wanted,
    );
    if (isMap(found) && found.value !== undefined)
      return { setting: `${list}: ${asText(found.name)}`, value: found.value };
  }
  return undefined;
}
